// @ts-check
/** Two tabs of one browser never work on the same task: each holds a lock of the browser on its tasks. */

export class Claims {
  constructor() {
    /** How each is let go. @type {Map<string, () => void>} */
    this.held = new Map();
  }

  /**
   * @param {string} task
   * @returns {Promise<boolean>} false where another tab has it
   */
  take(task) {
    if (!navigator.locks || this.held.has(task)) return Promise.resolve(true);
    return new Promise((resolve) => {
      void navigator.locks.request(`motherlode task ${task}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (!lock) return undefined;
        return new Promise((release) => this.held.set(task, () => release(undefined)));
      });
    });
  }

  /** @param {string} task */
  release(task) {
    this.held.get(task)?.();
    this.held.delete(task);
  }
}
