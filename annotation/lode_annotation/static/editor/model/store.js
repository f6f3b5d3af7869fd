// @ts-check
/** The regions of the task at hand: one Map, changed only by transactions that yield patches. */

import { isShape } from "../kinds/index.js";
import { History } from "./history.js";
import { isRelation } from "./relations.js";

/** @typedef {import("./types.js").Region} Region */
/** @typedef {import("./types.js").Patch} Patch */
/** @typedef {import("./types.js").Step} Step */

/** What a transaction may do. */
class Transaction {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Patch[]} */
    this.patches = [];
  }

  /** @param {Region} region */
  add(region) {
    if (this.store.regions.has(region.key)) throw new Error(`region ${region.key} is already there`);
    this.#apply({ key: region.key, before: null, after: region, index: this.store.order.length });
  }

  /** @param {Region} region a new object; the old one stays as it was, for undo */
  replace(region) {
    const before = this.store.regions.get(region.key);
    if (!before) throw new Error(`region ${region.key} is not there`);
    this.#apply({ key: region.key, before, after: region, index: -1 });
  }

  /** @param {string} key */
  remove(key) {
    const before = this.store.regions.get(key);
    if (!before) return;
    this.#apply({ key, before, after: null, index: this.store.order.indexOf(key) });
  }

  /** Relations go with the regions that they link. */
  settle() {
    if (!this.patches.some((patch) => patch.before && !patch.after)) return;
    const { regions, relations } = this.store;
    for (const { key, from, to } of [...relations.values()]) if (!regions.has(from) || !regions.has(to)) this.remove(key);
  }

  /** @param {Patch} patch */
  #apply(patch) {
    this.store.apply(patch);
    this.patches.push(patch);
  }
}

/** @extends {EventTarget} Events: `change` (regions), `select`, `show` (hidden, locked), `load`. */
export class Store extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Region>} */
    this.regions = new Map();
    /** Those of them that are links between others. @type {Map<string, import("./relations.js").Relation>} */
    this.relations = new Map();
    /** @type {string[]} */
    this.order = [];
    /** @type {Set<string>} */
    this.selection = new Set();
    /** @type {Set<string>} */
    this.hidden = new Set();
    /** @type {Set<string>} */
    this.locked = new Set();
    /** What lets only some regions be seen, by name. @type {Map<string, (region: Region) => boolean>} */
    this.lenses = new Map();
    /** Whether a region lies on the page in sight. @type {(region: Region) => boolean} */
    this.isHere = () => true;
    this.history = new History();
    /** What was last asked of the regions, until they change. @type {{shapes: readonly Region[], pending: readonly Region[]}|null} */
    this.sorted = null;
  }

  /** @param {readonly Region[]} regions @param {History} [history] the steps that led to them */
  load(regions, history = new History()) {
    this.regions = new Map(regions.map((region) => [region.key, region]));
    this.sorted = null;
    this.relations = new Map([...this.regions.values()].filter(isRelation).map((one) => [one.key, one]));
    this.order = [...this.regions.keys()];
    this.selection = new Set();
    this.hidden = new Set();
    this.locked = new Set();
    this.history = history;
    this.history.kept = 0; // what was kept went with the work, where that was submitted
    this.dispatchEvent(new Event("load"));
  }

  /** @returns {IterableIterator<Region>} in order */
  *inOrder() {
    for (const key of this.order) yield /** @type {Region} */ (this.regions.get(key));
  }

  /** @returns {readonly Region[]} those that lie on the picture, in order */
  shapes() {
    return this.#sorted().shapes;
  }

  /** @returns {readonly Region[]} pre-labels, of the picture and of the whole item, in order */
  pending() {
    return this.#sorted().pending;
  }

  /** A dozen parts of the page ask the same after a change. */
  #sorted() {
    if (this.sorted) return this.sorted;
    const all = [...this.inOrder()];
    this.sorted = { shapes: all.filter(isShape), pending: all.filter((region) => region.pending) };
    return this.sorted;
  }

  /**
   * Change regions as one step that undo takes back whole.
   * @param {string} label what was done, in words
   * @param {(change: Transaction) => void} fn
   * @param {{merge?: string}} [options] merge: steps with the same mark in a row become one (a held arrow key)
   * @returns {boolean} whether anything changed
   */
  transact(label, fn, options = {}) {
    const change = new Transaction(this);
    try {
      fn(change);
      change.settle();
    } catch (error) {
      for (const patch of [...change.patches].reverse()) this.apply(inverse(patch));
      throw error;
    }
    if (!change.patches.length) return false;
    this.history.push({ label, at: Date.now(), patches: change.patches, merge: options.merge ?? null });
    this.#changed();
    return true;
  }

  /** @returns {Step|null} what was undone */
  undo() {
    const step = this.history.takeBack();
    if (!step) return null;
    for (const patch of [...step.patches].reverse()) this.apply(inverse(patch));
    this.#changed();
    return step;
  }

  /** @returns {Step|null} what was done again */
  redo() {
    const step = this.history.takeForward();
    if (!step) return null;
    for (const patch of step.patches) this.apply(patch);
    this.#changed();
    return step;
  }

  /** @param {Patch} patch */
  apply(patch) {
    const { key, after } = patch;
    this.sorted = null;
    if (!after) {
      this.regions.delete(key);
      this.relations.delete(key);
      this.order.splice(this.order.lastIndexOf(key), 1);
      return;
    }
    if (!patch.before) this.order.splice(patch.index, 0, key);
    this.regions.set(key, after);
    if (isRelation(after)) this.relations.set(key, after);
  }

  /** @param {Iterable<string>} keys */
  select(keys) {
    const next = new Set([...keys].filter((key) => this.regions.has(key)));
    if (next.size === this.selection.size && [...next].every((key) => this.selection.has(key))) return;
    this.selection = next;
    this.dispatchEvent(new Event("select"));
  }

  /** @returns {Region[]} */
  selectedShapes() {
    const shapes = [];
    for (const key of this.selection) {
      const region = this.regions.get(key);
      if (region && isShape(region)) shapes.push(region);
    }
    return shapes;
  }

  /** Let only some regions be seen. @param {string} name @param {((region: Region) => boolean)|null} lens null for all */
  setLens(name, lens) {
    if (lens) this.lenses.set(name, lens);
    else this.lenses.delete(name);
    this.dispatchEvent(new Event("show"));
  }

  /** Does every lens let a region through? Then it is in the list. @param {Region} region @param {string} [but] a lens that is not asked */
  isListed(region, but) {
    if (!this.lenses.size) return true;
    for (const [name, lens] of this.lenses) if (name !== but && !lens(region)) return false;
    return true;
  }

  /** Is a region on the picture to be seen there? @param {Region} region @param {string} [but] a lens that is not asked */
  isShown(region, but) {
    return !this.hidden.has(region.key) && this.isListed(region, but);
  }

  /** @param {Iterable<string>} keys @param {boolean} hidden */
  setHidden(keys, hidden) {
    for (const key of keys) hidden ? this.hidden.add(key) : this.hidden.delete(key);
    this.dispatchEvent(new Event("show"));
  }

  /** @param {Iterable<string>} keys @param {boolean} locked */
  setLocked(keys, locked) {
    for (const key of keys) locked ? this.locked.add(key) : this.locked.delete(key);
    this.dispatchEvent(new Event("show"));
  }

  #changed() {
    const kept = [...this.selection].filter((key) => this.regions.has(key));
    const dropped = kept.length !== this.selection.size;
    if (dropped) this.selection = new Set(kept);
    this.dispatchEvent(new Event("change"));
    if (dropped) this.dispatchEvent(new Event("select"));
  }
}

/** @param {Patch} patch @returns {Patch} */
function inverse(patch) {
  return { key: patch.key, before: patch.after, after: patch.before, index: patch.index };
}
