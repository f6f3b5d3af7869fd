// @ts-check
/**
 * The list of regions: the accessible mirror of the canvas. Only the rows in sight are in the page.
 *
 * One stop in the tab order; arrows, Home and End move, Shift extends, and the row the reader stands on is the selection.
 */

import { VirtualList } from "../../lode/virtual.js";
import { gettext, ngettext } from "../../lode/words.js";
import { shapeOf } from "../kinds/index.js";
import { inWords } from "../model/answers.js";
import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";

/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../model/store.js").Store} Store */

const ROW = 30;
/** Pixels between a row and the bar that scrolls. */
const ASIDE = 4;
/** Strokes of what the sprite of icons lacks. */
const UNLOCK = "M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1M8 11V7.5a4 4 0 0 1 7.7-1.5";

export class RegionList {
  /**
   * @param {HTMLElement} root becomes the listbox
   * @param {Store} store
   * @param {Stage} stage
   * @param {{accept: (key: string) => void, remove: (key: string) => void, pick: (key: string, extend: boolean) => void, press: (key: string, extend: boolean) => void, linked: (region: Region) => string[], elsewhere: (n: number) => string}} acts
   * `linked`: the relations of a region, in words; `elsewhere`: how many lie on other pages
   */
  constructor(root, store, stage, acts) {
    this.root = root;
    this.store = store;
    this.stage = stage;
    this.acts = acts;
    /** @type {Region[]} */
    this.shapes = [];
    this.editable = true;
    /** What each row in the page was made from. @type {WeakMap<Element, {region: Region, state: string}>} */
    this.drawn = new WeakMap();
    /** What is to be said of rows, by region; rows with a mark come first. @type {ReadonlyMap<string, string>} */
    this.marks = new Map();
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-label", gettext("Regions"));
    root.setAttribute("aria-multiselectable", "true");
    root.tabIndex = 0;
    this.rows = new VirtualList(root, {
      count: 0,
      css: "ed-list-room",
      measure: (width) => ({ columns: 1, across: width - ASIDE, down: ROW, gap: 0 }),
      draw: (at, before) => this.#draw(at, before),
    });
    root.addEventListener("keydown", (event) => this.#key(event));
    this.frame = 0;
    for (const event of ["load", "change", "show"]) store.addEventListener(event, () => this.refresh());
    store.addEventListener("load", () => this.rows.toTop());
    store.addEventListener("select", () => {
      this.#mark();
      this.#reveal();
    });
  }

  refresh() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.shapes = this.ordered();
      const focused = this.root.contains(document.activeElement) && document.activeElement !== this.root;
      this.rows.reset(this.shapes.length);
      if (focused) this.root.focus({ preventScroll: true });
      this.#point();
    });
  }

  /** Those that are listed, in the order of the rows. @returns {Region[]} */
  ordered() {
    const shapes = this.store.shapes().filter((region) => this.store.isListed(region));
    if (!this.marks.size) return shapes;
    const marked = (/** @type {Region} */ region) => this.marks.has(region.key);
    return [...shapes.filter(marked), ...shapes.filter((region) => !marked(region))];
  }

  /** @param {ReadonlyMap<string, string>} marks */
  mark(marks) {
    this.marks = marks;
    this.refresh();
  }

  /** Show the selection on the rows that are there already. */
  #mark() {
    if (this.frame) return;
    for (const row of this.rows.shown.values()) {
      this.#select(row);
    }
    this.#point();
  }

  /** Tell a screen reader which row is the current one. */
  #point() {
    const active = this.#current();
    if (document.getElementById(`ed-region-${active}`)) {
      this.root.setAttribute("aria-activedescendant", `ed-region-${active}`);
    } else {
      this.root.removeAttribute("aria-activedescendant");
    }
  }

  /** Show whether a row is selected. @param {HTMLElement} row */
  #select(row) {
    const on = this.store.selection.has(row.dataset.key ?? "");
    row.setAttribute("aria-selected", String(on));
    if (on) this.#furnish(row);
  }

  /** Give a row its buttons, once they are seen: their icons cost more than all else of it. @param {HTMLElement} row */
  #furnish(row) {
    const place = row.querySelector(".ed-row-buttons");
    const region = this.drawn.get(row)?.region;
    if (region && place && !place.hasChildNodes()) place.append(...this.#buttons(region));
  }

  /** A row, the one that stands there where nothing of it changed. @param {number} at @param {HTMLElement} [before] */
  #draw(at, before) {
    const region = /** @type {Region} */ (this.shapes[at]);
    const { store, editable } = this;
    const colour = this.stage.scene.colourOf(region);
    const said = [at, this.shapes.length, store.hidden.has(region.key), store.locked.has(region.key), editable, colour];
    const state = [...said, this.marks.get(region.key), ...this.acts.linked(region)].join();
    const known = before && this.drawn.get(before);
    if (!before || known?.region !== region || known.state !== state) {
      const row = this.#row(region, at);
      this.drawn.set(row, { region, state });
      this.#select(row);
      if (row.classList.contains("has-state")) this.#furnish(row);
      return row;
    }
    this.#select(before);
    return before;
  }

  /** @param {Region} region @param {number} at */
  #row(region, at) {
    const { store } = this;
    const hidden = store.hidden.has(region.key);
    const locked = store.locked.has(region.key);
    const mark = region.questioned ? gettext("wrong?") : this.marks.get(region.key);
    const name = region.labels.join(", ") || gettext("no label");
    const score = region.score === null ? "" : `${Math.round(region.score * 100)} %`;
    const size = shapeOf(region).measure(region);
    const linked = this.acts.linked(region);
    const words = [
      region.questioned ? gettext("Pre-label in question") : region.pending ? gettext("Pre-label") : gettext("Region {n}", { n: at + 1 }),
      name,
      mark,
      score,
      size,
      region.model,
      ...Object.entries(region.attributes ?? {}).map(([control, { said }]) => inWords(said) && `${control}: ${inWords(said)}`),
      ...linked,
      hidden && gettext("hidden"),
      locked && gettext("locked"),
    ].filter(Boolean);
    const swatch = h("span", { class: region.pending ? "ed-swatch is-pending" : "ed-swatch" });
    swatch.style.setProperty("--c", this.stage.scene.colourOf(region));
    const row = h(
      "div",
      {
        class: hidden || locked || region.pending ? "ed-row has-state" : "ed-row",
        role: "option",
        id: `ed-region-${at}`,
        "aria-posinset": at + 1,
        "aria-setsize": this.shapes.length,
        "data-hidden": hidden,
        title: region.model,
        "data-key": region.key,
        onpointerenter: () => this.#furnish(row),
        onpointerdown: (event) => {
          if (event.button === 0) this.acts.press(region.key, event.shiftKey || event.ctrlKey || event.metaKey);
        },
      },
      h("span", { class: "visually-hidden" }, words.join(", ")),
      h(
        "span",
        { class: "ed-row-seen", "aria-hidden": "true" },
        h("span", { class: "ed-row-number" }, String(at + 1)),
        swatch,
        h("span", { class: "ed-row-name" }, name),
        mark && h("span", { class: "ed-row-mark" }, mark),
        score && h("span", { class: "ed-row-score" }, score),
        linked.length > 0 && h("span", { class: "ed-row-links", title: linked.join("\n") }, icon("link"), String(linked.length)),
        h("span", { class: "ed-row-size" }, size),
        h("span", { class: "ed-row-buttons" }),
      ),
    );
    return row;
  }

  /** @param {Region} region @returns {HTMLElement[]} what can be done to it by the pointer */
  #buttons(region) {
    const { store, acts } = this;
    const [hidden, locked] = [store.hidden.has(region.key), store.locked.has(region.key)];
    const make = (/** @type {string} */ name, /** @type {string} */ title, /** @type {boolean} */ on, /** @type {() => void} */ run) => {
      // For the pointer alone: a row is one thing to a reader, and its acts have keys.
      const button = h("span", { class: "ed-row-button", title, "data-on": on }, icon(name));
      button.addEventListener("pointerdown", (event) => {
        event.stopPropagation();
        event.preventDefault();
      });
      button.addEventListener("click", run);
      return button;
    };
    if (region.pending && this.editable) {
      return [
        make("check", gettext("Accept this pre-label"), true, () => acts.accept(region.key)),
        make("x", gettext("Dismiss this pre-label"), false, () => acts.remove(region.key)),
      ];
    }
    const seen = make(hidden ? "eye-off" : "eye", hidden ? gettext("Show") : gettext("Hide"), hidden, () => store.setHidden([region.key], !hidden));
    if (!this.editable) return [seen];
    return [
      seen,
      make(locked ? "lock" : UNLOCK, locked ? gettext("Unlock") : gettext("Lock"), locked, () => store.setLocked([region.key], !locked)),
      make("trash", gettext("Delete"), false, () => acts.remove(region.key)),
    ];
  }

  #current() {
    const key = [...this.store.selection].at(-1);
    return key === undefined ? -1 : this.shapes.findIndex((region) => region.key === key);
  }

  /** Scroll the selection into sight. */
  #reveal() {
    requestAnimationFrame(() => {
      const at = this.#current();
      if (at >= 0) this.rows.reveal(at);
      this.#point();
    });
  }

  /** Select the region some rows on. @param {number} by @param {boolean} extend */
  step(by, extend) {
    const shapes = this.ordered();
    if (!shapes.length) return;
    const key = [...this.store.selection].at(-1);
    const now = shapes.findIndex((region) => region.key === key);
    const at = now < 0 ? (by > 0 ? 0 : shapes.length - 1) : Math.min(Math.max(now + by, 0), shapes.length - 1);
    const next = shapes[at];
    if (next) this.acts.pick(next.key, extend);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const page = Math.max(1, Math.floor(this.root.clientHeight / ROW) - 1);
    const far = this.shapes.length;
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -far, End: far }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.step(by, event.shiftKey);
  }

  /** What the list holds, in words. */
  get summary() {
    const every = this.store.shapes();
    const all = every.filter((region) => this.store.isHere(region));
    const shapes = all.filter((region) => this.store.isListed(region));
    const own = shapes.filter((region) => !region.pending).length;
    const pending = shapes.length - own;
    const elsewhere = every.length - all.length;
    return [
      shapes.length < all.length
        ? gettext("{shown} of {all} shown", { shown: shapes.length, all: all.length })
        : ngettext("{n} region", "{n} regions", own),
      pending && shapes.length === all.length ? ngettext("{n} pre-label", "{n} pre-labels", pending) : "",
      elsewhere ? this.acts.elsewhere(elsewhere) : "",
    ].filter(Boolean).join(", ");
  }
}
