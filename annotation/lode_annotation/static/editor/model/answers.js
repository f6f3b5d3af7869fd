// @ts-check
/** What is answered about the whole item and about regions; pure. */

import { answerFor } from "../kinds/index.js";

/** @typedef {import("./types.js").Attribute} Attribute */
/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Region} Region */

/** Whether a control is asked of a region. @param {Control} control @param {Region} region a shape */
export function isAbout(control, region) {
  if (!control.per_region || (control.page ?? region.frame ?? 0) !== (region.frame ?? 0)) return false;
  const of = !control.of?.length || control.of.includes(region.control);
  return of && (!control.labelled?.length || region.labels.some((label) => control.labelled?.includes(label)));
}

/** What was answered about a region, null for nothing. @param {Region} region @param {Control} control @returns {any} */
export function saidOf(region, control) {
  return region.attributes?.[control.name]?.said ?? null;
}

/**
 * The region with another answer about it; it stays as it was otherwise.
 * @param {Region} region
 * @param {Control} control
 * @param {any} said
 * @returns {Region}
 */
export function answered(region, control, said) {
  const source = region.attributes?.[control.name]?.source ?? null;
  return { ...region, attributes: { ...region.attributes, [control.name]: { said, source, changed: true } } };
}

/** What was answered, for another region. @param {Region["attributes"]} attributes @returns {Region["attributes"]} */
export function copied(attributes) {
  if (!attributes) return undefined;
  return Object.fromEntries(Object.entries(attributes).map(([name, { said }]) => [name, { said, source: null, changed: true }]));
}

/**
 * The answers about a region that are sent, in their order: those that say something and are asked of it.
 * @param {Region} region
 * @param {ReadonlyMap<string, Control>} controls by name
 * @returns {[Control, Attribute][]}
 */
export function standing(region, controls) {
  /** @type {[Control, Attribute][]} */
  const found = [];
  for (const [name, attribute] of Object.entries(region.attributes ?? {})) {
    const control = controls.get(name);
    if (!control || !isAbout(control, region) || attribute.said === null) continue;
    if (!answerFor(control)?.isEmpty(attribute.said)) found.push([control, attribute]);
  }
  return found;
}

/** What the config says at first, null for nothing. @param {Control} control @returns {any} */
function preset(control) {
  const said = control.options?.default;
  return said === undefined ? null : (answerFor(control)?.read(said) ?? null);
}

/**
 * What the config says at first about the whole item.
 * @param {readonly Control[]} controls
 * @param {() => string} uuid
 * @returns {Region[]}
 */
export function presets(controls, uuid) {
  return controls.flatMap((control) => {
    const said = control.per_region ? null : preset(control);
    return said === null ? [] : [answer(control, said, uuid())];
  });
}

/**
 * What the config says at first about a region.
 * @template {Region} R
 * @param {R} region
 * @param {readonly Control[]} controls
 * @returns {R}
 */
export function withPresets(region, controls) {
  const asked = controls.filter((control) => isAbout(control, region) && preset(control) !== null);
  if (!asked.length) return region;
  return { ...region, attributes: Object.fromEntries(asked.map((one) => [one.name, { said: preset(one), source: null, changed: true }])) };
}

/** A new answer about the whole item. @param {Control} control @param {any} said @param {string} id @returns {Region} */
export function answer(control, said, id) {
  const shared = { key: id, id, control: control.name, labels: [], pending: false, questioned: false, score: null, source: null };
  return { ...shared, kind: answerFor(control)?.name ?? "", said, changed: true };
}

/** What is said in words: "sharp, dark", "animal / dog", "3", "b > a". @param {any} said @returns {string} */
export function inWords(said) {
  if (said === null || said === undefined) return "";
  if (typeof said === "object" && !Array.isArray(said)) return Object.values(said).flat().join(" > ");
  if (!Array.isArray(said)) return String(said);
  return said.map((one) => (Array.isArray(one) ? one.join(" / ") : String(one))).join(", ");
}

/** @param {any} one @param {any} other whether two say the same */
export function saysSame(one, other) {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}
