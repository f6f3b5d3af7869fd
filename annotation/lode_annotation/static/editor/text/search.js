// @ts-check
/** Searching the text: a field over it, the matches shown in the text, one after another. */

import { find, h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";
import { gettext } from "../../lode/words.js";
import { focusItem } from "../view/item.js";
import { placesOf } from "./breaks.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("./breaks.js").Range} Range */
/** @typedef {import("./document.js").TextDocument} TextDocument */

/** So many matches are shown in the text; all are counted and gone through. */
const MOST = 2000;
const HERE = "ed-found-here";
const ALL = "ed-found";

export class TextSearch {
  /** @param {Editor} editor @param {TextDocument} document */
  constructor(editor, document) {
    this.editor = editor;
    this.document = document;
    this.root = find("[data-find]", editor.root);
    this.field = h("input", { type: "search", class: "ed-input", "aria-label": gettext("Search the text"), placeholder: gettext("Search the text"), oninput: () => this.#look() });
    this.count = h("span", { class: "ed-find-count", "aria-live": "polite" });
    const button = (/** @type {string} */ image, /** @type {string} */ title, /** @type {() => void} */ run) => {
      const made = h("button", { type: "button", class: "ed-quiet", title, "aria-label": title, onclick: run }, icon(image));
      made.addEventListener("mousedown", (event) => event.preventDefault());
      return made;
    };
    this.root.replaceChildren(
      this.field,
      this.count,
      button("chevron-up", gettext("Previous match"), () => this.step(-1)),
      button("chevron-down", gettext("Next match"), () => this.step(1)),
      button("x", gettext("Close the search"), () => this.hide()),
    );
    this.field.addEventListener("keydown", (event) => this.#key(event));
    /** @type {Range[]} */
    this.found = [];
    this.at = -1;
  }

  get open() {
    return !this.root.hidden;
  }

  show() {
    this.root.hidden = false;
    this.field.focus();
    this.field.select();
    this.#look();
  }

  hide() {
    if (!this.open) return;
    this.root.hidden = true;
    this.found = [];
    this.#paint();
    focusItem(this.editor);
    this.editor.refresh();
  }

  /** Another text is shown. */
  reset() {
    this.found = [];
    this.at = -1;
    if (this.open) this.#look();
    else this.#paint();
  }

  /** Go to another match. @param {number} by */
  step(by) {
    if (!this.found.length) return;
    this.at = (this.at + by + this.found.length) % this.found.length;
    this.#go();
  }

  #look() {
    const { document } = this;
    this.found = placesOf(document.units.text, this.field.value.trim(), { anyCase: true });
    const first = document.firstInSight();
    const next = this.found.findIndex(({ from }) => from >= first);
    this.at = this.found.length ? Math.max(0, next) : -1;
    this.#go();
  }

  #go() {
    const { document } = this;
    const here = this.found[this.at];
    if (here) document.reveal(document.units.span(here.from, here.to));
    const all = this.found.length;
    this.count.textContent = all ? gettext("{n} of {total}", { n: this.at + 1, total: all }) : this.field.value.trim() ? gettext("not found") : "";
    this.#paint();
  }

  /** Show the matches that are laid out; a browser without highlights shows the selection alone. */
  #paint() {
    const highlights = globalThis.CSS?.highlights;
    if (!highlights) return;
    const { document } = this;
    const start = Math.max(0, Math.min(this.at - MOST / 2, this.found.length - MOST));
    const ranges = this.found.slice(start, start + MOST).flatMap((range) => document.domRange(range) ?? []);
    const here = ranges[this.at - start];
    highlights.set(ALL, new Highlight(...ranges));
    highlights.set(HERE, new Highlight(...(here ? [here] : [])));
    /** @type {Highlight} */ (highlights.get(HERE)).priority = 1;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") this.hide();
    else if (event.key === "Enter") this.step(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
