// @ts-check
/** Which region lies under a point: the smallest first. Brute force over the shapes, enough for thousands. */

import { fromMiddle, meet } from "../../lode/canvas/geometry.js";
import { boundsOf, isShape, shapeOf } from "../kinds/index.js";

/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Bounds} Bounds */

/**
 * @param {Store} store
 * @param {Point} point in image pixels
 * @param {number} margin in image pixels
 * @returns {Region[]} smallest first, of equals the nearest; hidden ones are not there
 */
export function regionsAt(store, point, margin) {
  const found = [];
  for (const region of store.regions.values()) {
    if (!isShape(region) || !store.isShown(region)) continue;
    if (shapeOf(region).hit(region, point, margin)) found.push(region);
  }
  const away = (/** @type {Region} */ region) => fromMiddle(boundsOf(region), point);
  return found.sort((a, b) => shapeOf(a).area(a) - shapeOf(b).area(b) || away(a) - away(b));
}

/**
 * The region a press means: a selected one under the point wins, else the smallest.
 * @param {Store} store
 * @param {Point} point
 * @param {number} margin
 * @returns {Region|null}
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
 * @returns {Region|null}
 */
export function nextAt(store, point, margin) {
  const found = regionsAt(store, point, margin);
  const at = found.findIndex((region) => store.selection.has(region.key));
  return found[(at + 1) % found.length] ?? null;
}

/**
 * @param {Store} store
 * @param {Bounds} part
 * @returns {Region[]} that meet it; hidden and locked ones are not there
 */
export function regionsIn(store, part) {
  return store
    .shapes()
    .filter((one) => store.isShown(one) && !store.locked.has(one.key) && meet(boundsOf(one), part));
}
