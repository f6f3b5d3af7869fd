// @ts-check
/** What an annotator changed: the regions of an answer against those that the project held before; pure. */

import { isShape, shapeOf } from "../kinds/index.js";

/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {"new"|"moved"|"relabelled"} Change */
/**
 * @typedef {object} Changes
 * @property {Map<string, Change>} marks what was done to regions of the answer, by their key
 * @property {Region[]} removed shapes that are no longer there
 * @property {Region[]} before shapes as they were: those removed, and those moved or relabelled since
 */

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
  /** @type {Region[]} */
  const old = [];
  for (const region of after) {
    if (!isShape(region)) continue;
    const was = known.get(region.id);
    if (was?.kind !== region.kind) {
      marks.set(region.key, "new");
    } else if (shapeOf(region).differs(was, region)) {
      marks.set(region.key, "moved");
      old.push(was);
    } else if (was.control !== region.control || was.labels.join() !== region.labels.join()) {
      marks.set(region.key, "relabelled");
      old.push(was);
    }
  }
  const removed = before.filter((region) => isShape(region) && !left.has(region.id));
  return { marks, removed, before: [...removed, ...old] };
}
