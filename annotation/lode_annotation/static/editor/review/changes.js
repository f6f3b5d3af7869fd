// @ts-check
/** What an annotator changed: the regions of an answer against those that the project held before; pure. */

import { isKept, isShape, shapeOf } from "../kinds/index.js";
import { saysSame } from "../model/answers.js";
import { isRelation, relationChanges } from "../model/relations.js";

/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {"new"|"moved"|"relabelled"|"edited"} Change an edited one has other answers about it */
/** @typedef {{answers: Map<string, any>, regions: Map<string, Region>}} Held what was said of the whole item, by control, and the shapes by id */
/**
 * @typedef {object} Changes
 * @property {Map<string, Change>} marks what was done to regions of the answer, by their key
 * @property {Region[]} removed shapes that are no longer there
 * @property {Region[]} before shapes as they were: those removed, and those moved or relabelled since
 * @property {string[]} answers the controls whose answers about the whole item are others now
 * @property {{added: number, removed: number}} relations
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
    } else if ((was.frame ?? 0) !== (region.frame ?? 0) || shapeOf(region).differs(was, region)) {
      marks.set(region.key, "moved");
      old.push(was);
    } else if (was.control !== region.control || was.labels.join() !== region.labels.join()) {
      marks.set(region.key, "relabelled");
      old.push(was);
    } else if (!saysSame(spoken(was), spoken(region))) {
      marks.set(region.key, "edited");
    }
  }
  const removed = before.filter((region) => isShape(region) && !left.has(region.id));
  return { marks, removed, before: [...removed, ...old], answers: otherAnswers(before, after), relations: relationChanges(before, after) };
}

/** @param {readonly Region[]} regions @returns {Held} */
export function heldOf(regions) {
  const whole = regions.filter((region) => !isShape(region) && !isKept(region) && !isRelation(region));
  return {
    answers: new Map(whole.map((region) => [region.control, region.said])),
    regions: new Map(regions.filter(isShape).map((region) => [region.id, region])),
  };
}

/** @param {readonly Region[]} before @param {readonly Region[]} after @returns {string[]} */
function otherAnswers(before, after) {
  const [was, now] = [heldOf(before).answers, heldOf(after).answers];
  return [...new Set([...was.keys(), ...now.keys()])].filter((name) => !saysSame(was.get(name), now.get(name)));
}

/** The answers about a region, by control in the order of their names. @param {Region} region */
function spoken(region) {
  return Object.entries(region.attributes ?? {})
    .map(([name, { said }]) => [name, said])
    .sort();
}
