// @ts-check
/** Which region lies under a point: the smallest first. Brute force over the boxes, enough for thousands. */

import { bounds, contains, meet } from "../geometry.js";

/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {import("../model/types.js").BoxRegion} BoxRegion */
/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Bounds} Bounds */

/**
 * @param {Store} store
 * @param {Point} point in image pixels
 * @param {number} margin in image pixels
 * @returns {BoxRegion[]} smallest first; hidden ones are not there
 */
export function regionsAt(store, point, margin) {
  const found = [];
  for (const region of store.regions.values()) {
    if (region.kind !== "box" || store.hidden.has(region.key)) continue;
    if (contains(region, point, margin)) found.push(region);
  }
  return found.sort((a, b) => a.width * a.height - b.width * b.height);
}

/**
 * The region a press means: a selected one under the point wins, else the smallest.
 * @param {Store} store
 * @param {Point} point
 * @param {number} margin
 * @returns {BoxRegion|null}
 */
export function regionAt(store, point, margin) {
  const found = regionsAt(store, point, margin);
  return found.find((region) => store.selection.has(region.key)) ?? found[0] ?? null;
}

/**
 * The one after the selected among those under the point, for going through a pile.
 * @param {Store} store
 * @param {Point} point
 * @param {number} margin
 * @returns {BoxRegion|null}
 */
export function nextAt(store, point, margin) {
  const found = regionsAt(store, point, margin);
  const at = found.findIndex((region) => store.selection.has(region.key));
  return found[(at + 1) % found.length] ?? null;
}

/**
 * @param {Store} store
 * @param {Bounds} part
 * @returns {BoxRegion[]} that meet it; hidden and locked ones are not there
 */
export function regionsIn(store, part) {
  return store
    .boxes()
    .filter((box) => !store.hidden.has(box.key) && !store.locked.has(box.key) && meet(bounds(box), part));
}
