// @ts-check
/** Undo and redo as two stacks of steps, as long as the work on a task is. */

/** @typedef {import("./types.js").Step} Step */

const MERGE_WITHIN_MS = 1500;

export class History {
  constructor() {
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
    /** How many of the steps, from the first on, are kept as they are. */
    this.kept = 0;
  }

  /** The steps that are not kept yet, and where they begin; they are about to be. @returns {{from: number, steps: Step[]}} */
  toKeep() {
    const steps = [...this.done, ...this.undone.toReversed()].slice(this.kept);
    const from = this.kept;
    this.kept += steps.length;
    return { from, steps };
  }

  /** @param {Step} step */
  push(step) {
    this.undone = [];
    this.kept = Math.min(this.kept, this.done.length);
    const last = this.done.at(-1);
    if (last && step.merge !== null && last.merge === step.merge && step.at - last.at < MERGE_WITHIN_MS) {
      this.kept = Math.min(this.kept, this.done.length - 1);
      this.done[this.done.length - 1] = { ...step, patches: joined(last.patches, step.patches) };
      return;
    }
    this.done.push(step);
  }

  /** @returns {Step|undefined} */
  takeBack() {
    const step = this.done.pop();
    if (step) this.undone.push(step);
    return step;
  }

  /** @returns {Step|undefined} */
  takeForward() {
    const step = this.undone.pop();
    if (step) this.done.push(step);
    return step;
  }
}

/**
 * Two lists of patches as one: replacements of one region fold into a single patch, with its addition too.
 * @param {Step["patches"]} first
 * @param {Step["patches"]} second
 */
function joined(first, second) {
  const patches = [...first];
  for (const patch of second) {
    const at = patches.findLastIndex((earlier) => earlier.key === patch.key);
    const earlier = patches[at];
    if (earlier?.after && patch.before && patch.after) {
      patches[at] = { ...earlier, after: patch.after };
    } else {
      patches.push(patch);
    }
  }
  return patches;
}
