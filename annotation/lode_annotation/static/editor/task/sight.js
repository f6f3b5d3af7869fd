// @ts-check
/** Whether the picture of a task is in sight, and has been for a moment: before that nobody can have judged it. */

/** A key that bounces comes again sooner than anybody can have looked. */
const LOOK_MS = 300;

export class Sight {
  /** @param {HTMLElement} root is told: `data-shown` names what is in sight, `data-seen` says that it can have been judged */
  constructor(root) {
    this.root = root;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    this.frame = 0;
    this.#none();
  }

  /** @param {string|null} name of what has just been drawn; null where there is no picture */
  show(name) {
    this.#none();
    if (name === null) return;
    this.root.dataset.shown = name;
    // Counted from the frame that shows it; a page that is not looked at has none.
    this.frame = requestAnimationFrame(() => {
      this.timer = setTimeout(() => (this.root.dataset.seen = name), LOOK_MS);
    });
  }

  /** @param {string|undefined} name @returns {boolean} whether just this can have been judged */
  seen(name) {
    return name !== undefined && this.root.dataset.seen === name;
  }

  #none() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    delete this.root.dataset.shown;
    delete this.root.dataset.seen;
  }
}
