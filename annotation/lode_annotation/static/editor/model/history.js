// @ts-check
/** Undo and redo as two stacks of steps. */

/** @typedef {import("./types.js").Step} Step */

const LONGEST = 2000;
const MERGE_WITHIN_MS = 1500;

export class History {
  constructor() {
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
  }

  /** @param {Step} step */
  push(step) {
    this.undone = [];
    const last = this.done.at(-1);
    if (last && step.merge !== null && last.merge === step.merge && step.at - last.at < MERGE_WITHIN_MS) {
      this.done[this.done.length - 1] = { ...step, patches: joined(last.patches, step.patches) };
      return;
    }
    this.done.push(step);
    if (this.done.length > LONGEST) this.done.shift();
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
