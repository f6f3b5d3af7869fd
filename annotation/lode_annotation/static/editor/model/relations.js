// @ts-check
/** Directed links between two regions: read, written and told apart; pure. */

/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").LsRelation} LsRelation */
/** @typedef {import("./types.js").Region} Region */
/** @typedef {Region & {from: string, to: string, both: boolean}} Relation its ends are the keys of two shapes of one's own; `both`: it holds both ways */
/** @typedef {"out"|"in"|"both"} Direction of a relation, as one of its ends sees it */

export const KIND = "relation";
/** Label Studio's tag of the control that has their classes. */
const CONTROL = "Relations";

/** @type {readonly Direction[]} */
export const DIRECTIONS = ["out", "in", "both"];

/** @param {Region|null|undefined} region @returns {region is Relation} */
export function isRelation(region) {
  return region?.kind === KIND;
}

/** The control that has the classes of relations. @template {{type: string}} C @param {readonly C[]} controls @returns {C|undefined} */
export function controlOf(controls) {
  return controls.find((control) => control.type === CONTROL);
}

/** What tells the relations of an item apart. @param {LsRelation} result */
export function nameOf({ from_id, to_id, direction, labels }) {
  return [from_id, to_id, direction, ...listed(labels)].join(" ");
}

/** @param {LsRelation} result @param {string} text it came from @param {string} key @param {Control|undefined} control @returns {Relation} */
export function fromEntry(result, text, key, control) {
  const ends = result.direction === "left" ? { from: result.to_id, to: result.from_id } : { from: result.from_id, to: result.to_id };
  return { ...bare(key, listed(result.labels), control), ...ends, both: result.direction === "bi", source: text };
}

/** Whatever a draft may hold. @param {unknown} labels @returns {string[]} */
function listed(labels) {
  return Array.isArray(labels) ? labels.map(String) : [];
}

/** A new one. @param {{from: string, to: string, both?: boolean}} ends @param {string|null} label @param {Control|undefined} control @param {string} key @returns {Relation} */
export function relation({ from, to, both = false }, label, control, key) {
  return { ...bare(key, label === null ? [] : [label], control), from, to, both, changed: true };
}

/** @param {string} key @param {string[]} labels @param {Control|undefined} control */
function bare(key, labels, control) {
  const shared = { kind: KIND, key, id: key, control: control?.name ?? "", labels };
  return { ...shared, pending: false, questioned: false, score: null, source: null, changed: false };
}

/** @param {Relation} relation @returns {LsRelation} */
export function toEntry({ source, from, to, both, labels }) {
  const came = source === null ? {} : JSON.parse(source);
  return { ...came, type: KIND, from_id: from, to_id: to, direction: both ? "bi" : "right", labels: [...labels] };
}

/** Relations come last, so that their ends are there. @param {Iterable<Region>} regions @returns {Region[]} */
export function linkedLast(regions) {
  const all = [...regions];
  const links = (/** @type {Region} */ region) => "from" in region; // one that is kept as it came, too
  return [...all.filter((one) => !links(one)), ...all.filter(links)];
}

/** Whether two say the same, or one of them what the other says among more. @param {Relation} one @param {Relation} other */
export function clash(one, other) {
  if (one.labels.join() !== other.labels.join()) return false;
  if (one.from === other.from && one.to === other.to) return true;
  return (one.both || other.both) && one.from === other.to && one.to === other.from;
}

/** As the region of that key sees it. @param {Relation} relation @param {string} key @returns {Direction} */
export function directionOf({ from, both }, key) {
  if (both) return "both";
  return from === key ? "out" : "in";
}

/** The end that is not the region of that key. @param {Relation} relation @param {string} key */
export function otherEnd({ from, to }, key) {
  return from === key ? to : from;
}

/** It in another direction, as the region of that key sees it. @param {Relation} relation @param {string} key @param {Direction} direction @returns {Relation} */
export function turned(relation, key, direction) {
  const other = otherEnd(relation, key);
  const ends = direction === "in" ? { from: other, to: key } : { from: key, to: other };
  return { ...relation, ...ends, both: direction === "both", changed: true };
}

/** Those between shapes that are copied, for their copies. @param {Iterable<Relation>} relations @param {Iterable<Region>} shapes @returns {Relation[]} */
export function among(relations, shapes) {
  const keys = new Set([...shapes].map((shape) => shape.key));
  return [...relations].filter(({ from, to }) => keys.has(from) && keys.has(to));
}

/** How many relations of an answer were not there before, and how many are gone. @param {readonly Region[]} before @param {readonly Region[]} after */
export function relationChanges(before, after) {
  const [was, is] = [before, after].map((regions) => new Set(regions.filter(isRelation).map(meant)));
  const missing = (/** @type {Set<string>|undefined} */ some, /** @type {Set<string>|undefined} */ others) => [...(some ?? [])].filter((one) => !others?.has(one)).length;
  return { added: missing(is, was), removed: missing(was, is) };
}

/** @param {Relation} relation */
function meant({ from, to, both, labels }) {
  const ends = both ? [from, to].sort() : [from, to];
  return JSON.stringify([ends, both, labels]);
}
