// @ts-check
/** Undo and redo across a reload: what the journal keeps of the steps, and how a page takes them up again. */

import { isEmpty } from "../kinds/index.js";
import { History } from "../model/history.js";
import { linkedLast } from "../model/relations.js";

/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../model/types.js").Step} Step */
/**
 * What an entry of the journal says of the steps beside it. Steps speak of regions by their keys, which the result lacks.
 * @typedef {object} Trail
 * @property {string[]} own the keys of the regions in the result
 * @property {string[]} order the keys of all regions, pre-labels among them
 * @property {Region[]} empty answers that were taken back and are not in the result, and regions suggested by clicks
 * @property {number} done how many of the steps were done; the others were undone
 * @property {number} count how many steps there are
 */

/** @param {Store} store @returns {Trail} */
export function trailOf(store) {
  const mine = linkedLast(store.inOrder()).filter((region) => !region.pending);
  return {
    own: mine.filter((region) => !isEmpty(region)).map((region) => region.key),
    order: [...store.order],
    empty: [...mine.filter(isEmpty), ...store.shapes().filter((region) => region.suggested)],
    done: store.history.done.length,
    count: store.history.done.length + store.history.undone.length,
  };
}

/**
 * The work as it was left, with its steps.
 * @param {Trail} trail
 * @param {readonly Step[]} steps from the first to the last undone
 * @param {readonly Region[]} regions those of the result, then the pre-labels
 * @returns {{regions: Region[], history: History}|null} null where these do not belong together
 */
export function resumed(trail, steps, regions) {
  const mine = regions.filter((region) => !region.pending);
  if (steps.length !== trail.count || mine.length !== trail.own.length) return null;
  const named = mine.map((region, at) => ({ ...region, key: /** @type {string} */ (trail.own[at]) }));
  const known = new Map([...named, ...trail.empty, ...regions.filter((region) => region.pending)].map((region) => [region.key, region]));
  if (!trail.order.every((key) => known.has(key))) return null;
  const order = new Set([...trail.order, ...known.keys()]);
  const history = new History();
  history.done = steps.slice(0, trail.done);
  history.undone = steps.slice(trail.done).reverse();
  return { regions: [...order].map((key) => /** @type {Region} */ (known.get(key))), history };
}
