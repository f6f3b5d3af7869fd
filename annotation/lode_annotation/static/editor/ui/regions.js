// @ts-check
/**
 * The list of regions: the accessible mirror of the canvas. Only the rows in sight are in the page.
 *
 * One stop in the tab order; arrows, Home and End move, Shift extends, and the row the reader stands on is the selection.
 */

import { gettext, ngettext } from "../../lode/words.js";
import { shapeOf } from "../kinds/index.js";
import { h, icon } from "./dom.js";

/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../model/store.js").Store} Store */

const ROW = 30;
const SPARE = 4;

export class RegionList {
  /**
   * @param {HTMLElement} root becomes the listbox
   * @param {Store} store
   * @param {Stage} stage
   * @param {{accept: (key: string) => void, remove: (key: string) => void, pick: (key: string, extend: boolean) => void}} acts
   */
  constructor(root, store, stage, acts) {
    this.root = root;
    this.store = store;
    this.stage = stage;
    this.acts = acts;
    /** @type {Region[]} */
    this.shapes = [];
    this.editable = true;
    /** What is to be said of rows, by region; rows with a mark come first. @type {ReadonlyMap<string, string>} */
    this.marks = new Map();
    this.room = h("div", { class: "ed-list-room", role: "presentation" });
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-label", gettext("Regions"));
    root.setAttribute("aria-multiselectable", "true");
    root.tabIndex = 0;
    root.replaceChildren(this.room);
    this.first = this.last = -1;
    root.addEventListener("scroll", () => this.#draw(false), { passive: true });
    root.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw(false)).observe(root);
    this.frame = 0;
    for (const event of ["load", "change", "show"]) store.addEventListener(event, () => this.refresh());
    store.addEventListener("load", () => (root.scrollTop = 0));
    store.addEventListener("select", () => {
      this.#mark();
      this.#reveal();
    });
  }

  refresh() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.shapes = this.#ordered();
      this.room.style.height = `${this.shapes.length * ROW}px`;
      this.#draw(true);
    });
  }

  #ordered() {
    const shapes = this.store.shapes();
    if (!this.marks.size) return shapes;
    const marked = (/** @type {Region} */ region) => this.marks.has(region.key);
    return [...shapes.filter(marked), ...shapes.filter((region) => !marked(region))];
  }

  /** @param {ReadonlyMap<string, string>} marks */
  mark(marks) {
    this.marks = marks;
    this.refresh();
  }

  /** @param {boolean} force also if the same rows are in sight */
  #draw(force) {
    const first = Math.max(0, Math.floor(this.root.scrollTop / ROW) - SPARE);
    const last = Math.min(this.shapes.length, Math.ceil((this.root.scrollTop + this.root.clientHeight) / ROW) + SPARE);
    if (!force && first >= this.first && last <= this.last) return;
    this.first = Math.max(0, first - SPARE);
    this.last = Math.min(this.shapes.length, last + SPARE);
    const rows = [];
    for (let at = this.first; at < this.last; at += 1) rows.push(this.#row(/** @type {Region} */ (this.shapes[at]), at));
    const focused = this.root.contains(document.activeElement) && document.activeElement !== this.root;
    this.room.replaceChildren(...rows);
    if (focused) this.root.focus({ preventScroll: true });
    this.#point();
  }

  /** Show the selection on the rows that are there already. */
  #mark() {
    if (this.frame) return;
    for (const row of /** @type {Iterable<HTMLElement>} */ (this.room.children)) {
      row.setAttribute("aria-selected", String(this.store.selection.has(row.dataset.key ?? "")));
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

  /** @param {Region} region @param {number} at */
  #row(region, at) {
    const { store } = this;
    const hidden = store.hidden.has(region.key);
    const locked = store.locked.has(region.key);
    const mark = region.questioned ? gettext("wrong?") : this.marks.get(region.key);
    const name = region.labels.join(", ") || gettext("no label");
    const score = region.score === null ? "" : `${Math.round(region.score * 100)} %`;
    const size = shapeOf(region).measure(region);
    const words = [
      region.questioned ? gettext("Pre-label in question") : region.pending ? gettext("Pre-label") : gettext("Region {n}", { n: at + 1 }),
      name,
      mark,
      score,
      size,
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
        "aria-selected": String(store.selection.has(region.key)),
        "aria-posinset": at + 1,
        "aria-setsize": this.shapes.length,
        "data-hidden": hidden,
        "data-key": region.key,
        onpointerdown: (event) => {
          if (event.button === 0) this.acts.pick(region.key, event.shiftKey || event.ctrlKey || event.metaKey);
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
        h("span", { class: "ed-row-size" }, size),
        this.#rowButtons(region, hidden, locked),
      ),
    );
    row.style.top = `${at * ROW}px`;
    return row;
  }

  /** @param {Region} region @param {boolean} hidden @param {boolean} locked */
  #rowButtons(region, hidden, locked) {
    const { store, acts } = this;
    const buttons = h("span", { class: "ed-row-buttons" });
    const add = (/** @type {string} */ name, /** @type {string} */ title, /** @type {boolean} */ on, /** @type {() => void} */ run) => {
      // For the pointer alone: a row is one thing to a reader, and its acts have keys.
      const button = h("span", { class: "ed-row-button", title, "data-on": on }, icon(name));
      button.addEventListener("pointerdown", (event) => {
        event.stopPropagation();
        event.preventDefault();
      });
      button.addEventListener("click", run);
      buttons.append(button);
    };
    if (region.pending && this.editable) {
      add("check", gettext("Accept this pre-label"), true, () => acts.accept(region.key));
      add("close", gettext("Dismiss this pre-label"), false, () => acts.remove(region.key));
      return buttons;
    }
    add(hidden ? "eyeOff" : "eye", hidden ? gettext("Show") : gettext("Hide"), hidden, () => store.setHidden([region.key], !hidden));
    if (this.editable) {
      add(locked ? "lock" : "unlock", locked ? gettext("Unlock") : gettext("Lock"), locked, () => store.setLocked([region.key], !locked));
      add("trash", gettext("Delete"), false, () => acts.remove(region.key));
    }
    return buttons;
  }

  #current() {
    const key = [...this.store.selection].at(-1);
    return key === undefined ? -1 : this.shapes.findIndex((region) => region.key === key);
  }

  /** Scroll the selection into sight. */
  #reveal() {
    requestAnimationFrame(() => {
      const at = this.#current();
      if (at < 0) return;
      const top = at * ROW;
      const { scrollTop, clientHeight } = this.root;
      if (top < scrollTop) this.root.scrollTop = top;
      else if (top + ROW > scrollTop + clientHeight) this.root.scrollTop = top + ROW - clientHeight;
    });
  }

  /** Select the region some rows on. @param {number} by @param {boolean} extend */
  step(by, extend) {
    const shapes = this.#ordered();
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
    const shapes = this.store.shapes();
    const own = shapes.filter((region) => !region.pending).length;
    const pending = shapes.length - own;
    const words = ngettext("{n} region", "{n} regions", own);
    return pending ? `${words}, ${ngettext("{n} pre-label", "{n} pre-labels", pending)}` : words;
  }
}
