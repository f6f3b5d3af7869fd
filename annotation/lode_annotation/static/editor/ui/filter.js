// @ts-check
/** The filter of the list of regions, which the picture follows: by words, label, kind and source. */

import { gettext } from "../../lode/words.js";
import { h } from "../../lode/dom.js";
import { isKept, isShape, SHAPES, shapeFor, shapeOf } from "../kinds/index.js";

/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {import("../model/types.js").Control} Control */
/** @typedef {import("../model/types.js").LsResult} LsResult */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {""|"mine"|"accepted"|"prelabel"|"hidden"|"locked"} Source */
/** @typedef {{words: string, label: string, kind: string, source: Source}} Wanted empty for any */
/** @typedef {{text: string, accepted: boolean}} Facts what a region's own JSON says of it */

const LENS = "filter";
/** @type {Wanted} */
const ANY = { words: "", label: "", kind: "", source: "" };

/** @type {WeakMap<Region, Facts>} */
const known = new WeakMap();

/** @param {Region} region @returns {Facts} */
function factsOf(region) {
  const before = known.get(region);
  if (before) return before;
  const came = /** @type {Partial<LsResult>} */ (region.source === null ? {} : JSON.parse(region.source));
  const said = [came.meta?.text ?? [], isKept(region) ? (came.value?.text ?? []) : []].flat().map(String);
  const text = [...region.labels, isShape(region) ? shapeOf(region).titles().many : "", region.model ?? "", ...said].join(" ").toLowerCase();
  const facts = { text, accepted: String(came.origin ?? "").startsWith("prediction") };
  known.set(region, facts);
  return facts;
}

/**
 * @param {Region} region on the picture
 * @param {Wanted} wanted
 * @param {Store} store
 * @param {string} [more] what else is said of the region
 * @returns {boolean}
 */
export function matches(region, wanted, store, more = "") {
  if (wanted.label && !region.labels.includes(wanted.label)) return false;
  if (wanted.kind && region.kind !== wanted.kind) return false;
  if (!isFrom(region, wanted.source, store)) return false;
  const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const text = `${factsOf(region).text} ${more}`;
  return words.every((word) => text.includes(word));
}

/** @param {Region} region @param {Source} source @param {Store} store @returns {boolean} */
function isFrom(region, source, store) {
  if (source === "hidden") return store.hidden.has(region.key);
  if (source === "locked") return store.locked.has(region.key);
  if (source === "prelabel") return region.pending;
  if (source === "accepted") return !region.pending && factsOf(region).accepted;
  return source === "" || (!region.pending && !factsOf(region).accepted);
}

export class RegionFilter {
  /** @param {HTMLElement} root @param {Store} store @param {{leave: () => void, first: () => void}} acts `first` goes to the first that is listed */
  constructor(root, store, acts) {
    this.root = root;
    this.store = store;
    this.acts = acts;
    this.wanted = ANY;
    /** What is said of regions that are not of a kind of ours, by their id. @type {Map<string, string>} */
    this.said = new Map();
    this.words = h("input", { type: "search", class: "ed-filter-words", placeholder: gettext("Filter regions"), "aria-label": gettext("Filter regions by label, kind or text") });
    this.label = h("select", { "aria-label": gettext("Label of the regions shown") });
    this.kind = h("select", { "aria-label": gettext("Kind of the regions shown") });
    this.source = h("select", { "aria-label": gettext("Source of the regions shown") });
    fill(this.source, [
      ["", gettext("Source")],
      ["mine", gettext("Drawn by hand")],
      ["accepted", gettext("Accepted pre-labels")],
      ["prelabel", gettext("Pre-labels")],
      ["hidden", gettext("Hidden")],
      ["locked", gettext("Locked")],
    ]);
    root.append(this.words, this.label, this.kind, this.source);
    root.addEventListener("input", () => this.#read());
    root.addEventListener("keydown", (event) => this.#key(event));
    store.addEventListener("load", () => this.clear());
    for (const event of ["load", "change"]) store.addEventListener(event, () => this.said.clear());
    store.addEventListener("select", () => this.active && store.dispatchEvent(new Event("show")));
    store.addEventListener("change", () => this.active && store.dispatchEvent(new Event("show")));
  }

  get active() {
    return this.wanted !== ANY;
  }

  /** Offer the labels and kinds of a schema. @param {readonly Control[]} controls */
  setControls(controls) {
    const drawn = controls.filter(shapeFor);
    const labels = [...new Set(drawn.flatMap((control) => control.labels.map((label) => label.value)))];
    const kinds = SHAPES.filter((kind) => drawn.some((control) => shapeFor(control) === kind));
    fill(this.label, [["", gettext("Label")], ...labels.map((label) => /** @type {[string, string]} */ ([label, label]))]);
    fill(this.kind, [["", gettext("Kind")], ...kinds.map((kind) => /** @type {[string, string]} */ ([kind.name, kind.titles().many]))]);
    this.kind.hidden = kinds.length < 2;
  }

  /** Let the hand write into it. */
  open() {
    this.root.hidden = false;
    this.words.focus();
    this.words.select();
  }

  /** Show all regions again. */
  clear() {
    this.words.value = this.label.value = this.kind.value = this.source.value = "";
    this.root.hidden = true;
    if (this.active) this.#set(ANY);
  }

  #read() {
    const wanted = /** @type {Wanted} */ ({ words: this.words.value.trim(), label: this.label.value, kind: this.kind.value, source: this.source.value });
    this.#set(Object.values(wanted).some(Boolean) ? wanted : ANY);
  }

  /** @param {Wanted} wanted */
  #set(wanted) {
    const { store } = this;
    this.wanted = wanted;
    store.select(store.selectedShapes().filter((region) => this.#passes(region)).map((region) => region.key));
    // A selected region stays in sight: one that was just drawn or relabelled is not lost to the hand.
    const lens = (/** @type {Region} */ region) => store.selection.has(region.key) || this.#passes(region);
    store.setLens(LENS, this.active ? lens : null);
  }

  /** @param {Region} region */
  #passes(region) {
    return !isShape(region) || matches(region, this.wanted, this.store, this.wanted.words && this.#saidOf(region));
  }

  /** Text that a result of a kind that is not edited here gives the same region. @param {Region} region */
  #saidOf(region) {
    if (!this.said.size) {
      this.said.set("", "");
      for (const other of this.store.regions.values()) {
        if (isKept(other)) this.said.set(other.id, `${this.said.get(other.id) ?? ""} ${factsOf(other).text}`);
      }
    }
    return this.said.get(region.id) ?? "";
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" && (event.key !== "Enter" || event.target !== this.words)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") this.clear();
    this.acts.leave();
    if (event.key === "Enter") this.acts.first();
  }
}

/** @param {HTMLSelectElement} select @param {readonly [string, string][]} options value and words */
function fill(select, options) {
  select.replaceChildren(...options.map(([value, words]) => h("option", { value }, words)));
}
