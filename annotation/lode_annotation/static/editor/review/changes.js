// @ts-check
/** What an annotator changed: the regions of an answer against those that the project held before; pure. */

/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../model/types.js").BoxRegion} BoxRegion */
/** @typedef {"new"|"moved"|"relabelled"} Change */
/**
 * @typedef {object} Changes
 * @property {Map<string, Change>} marks what was done to regions of the answer, by their key
 * @property {BoxRegion[]} removed boxes that are no longer there
 * @property {BoxRegion[]} before boxes as they were: those removed, and those moved or relabelled since
 */

/** Percent come and go through floats: this much of a pixel is no move. */
const STILL = 0.01;

/**
 * Regions keep their id through every edit, so the same id is the same object.
 * @param {readonly Region[]} before
 * @param {readonly Region[]} after
 * @returns {Changes}
 */
export function changesOf(before, after) {
  const known = new Map(before.map((region) => [region.id, region]));
  const left = new Set(after.map((region) => region.id));
  /** @type {Map<string, Change>} */
  const marks = new Map();
  /** @type {BoxRegion[]} */
  const old = [];
  for (const region of after) {
    if (region.kind !== "box") continue;
    const was = known.get(region.id);
    if (was?.kind !== "box") {
      marks.set(region.key, "new");
    } else if (isMoved(was, region)) {
      marks.set(region.key, "moved");
      old.push(was);
    } else if (was.control !== region.control || was.labels.join() !== region.labels.join()) {
      marks.set(region.key, "relabelled");
      old.push(was);
    }
  }
  const removed = before.filter((region) => region.kind === "box").filter((region) => !left.has(region.id));
  return { marks, removed, before: [...removed, ...old] };
}

/** @param {BoxRegion} was @param {BoxRegion} is */
function isMoved(was, is) {
  const sides = /** @type {const} */ (["x", "y", "width", "height", "rotation"]);
  return sides.some((side) => Math.abs(was[side] - is[side]) > STILL);
}
