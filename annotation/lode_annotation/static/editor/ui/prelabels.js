// @ts-check
/** The pre-labels as a layer: which are shown by their score and by who made them, kept by person and queue. */

import { gettext, ngettext } from "../../lode/words.js";
import { clamp } from "../../lode/canvas/geometry.js";
import { h } from "../../lode/dom.js";
import { isShape } from "../kinds/index.js";

/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {{percent: number, off: string[]}} Kept the least score, and the models not shown */

const LENS = "prelabels";
const STEP = 5;

/** Does a pre-label's score, as it is written, come up to so many percent? One without a score does. @param {Region} region @param {number} percent */
export function comesUpTo(region, percent) {
  return region.score === null || Math.round(region.score * 100) >= percent;
}

/** @param {string|null} text what was kept @returns {Kept} */
export function readKept(text) {
  try {
    const { percent, off } = JSON.parse(text ?? "");
    const names = Array.isArray(off) ? off.filter((name) => typeof name === "string") : [];
    return { percent: Number.isFinite(percent) ? clamp(percent, 0, 100) : 0, off: names };
  } catch {
    return { percent: 0, off: [] };
  }
}

export class Prelabels {
  /** @param {HTMLElement} root @param {Store} store @param {string} scope the server and the person */
  constructor(root, store, scope) {
    this.root = root;
    this.store = store;
    this.scope = scope;
    this.queue = "";
    this.percent = 0;
    /** Models whose pre-labels are not shown. @type {Set<string>} */
    this.off = new Set();
    this.slider = h("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": gettext("Least score of a pre-label") });
    this.number = h("output", { class: "ed-prelabels-least" });
    this.count = h("span", { class: "ed-sum" });
    this.models = h("div", { class: "ed-prelabels-models", role: "group", "aria-label": gettext("Models") });
    this.slider.addEventListener("input", () => this.setLeast(Number(this.slider.value)));
    root.append(
      h("div", { class: "ed-prelabels-line" }, h("span", { "aria-hidden": "true" }, gettext("Score from")), this.slider, this.number),
      this.models,
      h(
        "div",
        { class: "ed-prelabels-line ed-prelabels-acts" },
        this.count,
        h("button", { type: "button", "data-command": "region.acceptAll" }),
        h("button", { type: "button", "data-command": "region.dismissAll" }),
      ),
    );
  }

  /** Take up what this person chose in a queue. @param {string} queue */
  open(queue) {
    this.queue = queue;
    const { percent, off } = readKept(this.#read());
    this.percent = percent;
    this.off = new Set(off);
    this.#look();
  }

  /** Show those from a score on. @param {number} percent */
  setLeast(percent) {
    this.percent = clamp(percent, 0, 100);
    this.#changed();
  }

  /** @param {1|-1} way */
  step(way) {
    const at = this.percent / STEP;
    this.setLeast((way > 0 ? Math.floor(at) + 1 : Math.ceil(at) - 1) * STEP);
  }

  /** @param {string} model @param {boolean} on */
  show(model, on) {
    if (on) this.off.delete(model);
    else this.off.add(model);
    this.#changed();
  }

  /** An answer about the whole item stands in the palette whatever its score. @param {Region} region @returns {boolean} */
  passes(region) {
    return !region.pending || !isShape(region) || (comesUpTo(region, this.percent) && !this.off.has(region.model ?? ""));
  }

  /** Bring the numbers up to date. */
  refresh() {
    const pending = this.store.pending().filter(isShape);
    this.root.hidden = !pending.length;
    if (!pending.length) return;
    const shown = pending.filter((region) => this.passes(region)).length;
    const words = gettext("{shown} of {all}", { shown, all: ngettext("{n} pre-label", "{n} pre-labels", pending.length) });
    this.count.textContent = words;
    this.slider.value = String(this.percent);
    this.slider.setAttribute("aria-valuetext", `${this.percent} %, ${words}`);
    this.number.textContent = `${this.percent} %`;
    this.#showModels(pending);
  }

  /** Those of several models are told apart. @param {readonly Region[]} pending */
  #showModels(pending) {
    const counts = new Map([...this.off].map((name) => [name, 0]));
    for (const { model = "" } of pending) counts.set(model, (counts.get(model) ?? 0) + 1);
    const names = [...counts].sort();
    const held = JSON.stringify([names, [...this.off]]);
    if (this.models.dataset.held === held) return;
    this.models.dataset.held = held;
    this.models.hidden = names.length < 2 && !this.off.size;
    const at = [...this.models.children].findIndex((line) => line.contains(document.activeElement));
    this.models.replaceChildren(...names.map(([name, count]) => this.#model(name, count)));
    this.models.children[at]?.querySelector("input")?.focus();
  }

  /** @param {string} name @param {number} count */
  #model(name, count) {
    const box = h("input", { type: "checkbox", checked: !this.off.has(name), "data-model": name });
    box.addEventListener("change", () => this.show(name, box.checked));
    return h("label", {}, box, h("span", { class: "ed-prelabels-name" }, name || gettext("no name")), h("span", { class: "ed-sum" }, String(count)));
  }

  #changed() {
    try {
      localStorage.setItem(this.#place, JSON.stringify({ percent: this.percent, off: [...this.off] }));
    } catch {
      // Full or forbidden: it holds until the page goes.
    }
    const gone = [...this.store.selection].filter((key) => !this.passes(/** @type {Region} */ (this.store.regions.get(key))));
    if (gone.length) this.store.select([...this.store.selection].filter((key) => !gone.includes(key)));
    this.#look();
  }

  #look() {
    this.store.setLens(LENS, this.percent || this.off.size ? (region) => this.passes(region) : null);
    this.refresh();
  }

  get #place() {
    return `motherlode-prelabels ${this.scope}|${this.queue}`;
  }

  #read() {
    try {
      return localStorage.getItem(this.#place);
    } catch {
      return null;
    }
  }
}
