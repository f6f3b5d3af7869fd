// @ts-check
/** Comments as numbered pins: on the picture at their places, in a text beside their words. */

import { find, h } from "../../lode/dom.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("./comments.js").Comments} Comments */
/** @typedef {import("../model/types.js").Comment} Comment */
/** @typedef {import("../model/types.js").Place} Place */
/** @typedef {import("../model/types.js").Point} Point */

/** Between pins in the same place, in CSS pixels. */
const ASIDE = 24;

export class Pins {
  /** @param {Comments} comments */
  constructor(comments) {
    this.comments = comments;
    this.editor = comments.editor;
    this.root = h("div", { class: "ed-pins" });
    /** The pin of what is being written. */
    this.next = h("span", { class: "ed-pin is-new" });
    /** @type {Map<string, HTMLButtonElement>} */
    this.pins = new Map();
    this.frame = 0;
    const { stage } = this.editor;
    this.text = find("[data-document]", this.editor.root);
    stage.viewport.addEventListener("change", () => this.invalidate());
    new ResizeObserver(() => this.invalidate()).observe(this.text);
    this.text.addEventListener("scroll", () => this.invalidate(), { passive: true });
    // a press on a pin is none on the picture
    this.root.addEventListener("pointerdown", (event) => event.stopPropagation());
  }

  /** Draw them again, once a frame. */
  invalidate() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { comments, editor } = this;
    const home = editor.medium.isPicture ? editor.stage.root : this.text;
    if (this.root.parentElement !== home) home.append(this.root);
    const shown = new Map(comments.list.flatMap((one) => this.#placed(one)));
    for (const [key, pin] of this.pins) {
      if (shown.has(key)) continue;
      pin.remove();
      this.pins.delete(key);
    }
    /** How many there are in a place: they stand side by side. @type {Map<string, number>} */
    const there = new Map();
    for (const [key, { one, at }] of shown) {
      const place = `${Math.round(at.x)} ${Math.round(at.y)}`;
      const before = there.get(place) ?? 0;
      there.set(place, before + 1);
      this.#draw(this.pins.get(key) ?? this.#made(key), one, { x: at.x + before * ASIDE, y: at.y });
    }
    this.#drawNext();
  }

  /** @param {Comment} one @returns {[string, {one: Comment, at: Point}][]} */
  #placed(one) {
    const at = this.#at(this.comments.placeOf(one));
    return at ? [[one.uuid, { one, at }]] : [];
  }

  /** Where a place is on the stage or in the text; null where it is not to be seen there. @param {Place|null|undefined} place @returns {Point|null} */
  #at(place) {
    const { stage, texts, pages, medium } = this.editor;
    if (!place || "start" in place === medium.isPicture) return null;
    if (!("start" in place)) return (place.page ?? 0) === pages.at ? stage.viewport.toStage(place) : null;
    if (!texts) return null;
    const { root } = texts.document;
    const { from, to } = texts.document.rangeOf(place);
    const rect = texts.document.rectOf(Math.max(from, to - 1));
    if (!rect) return null;
    const edge = root.getBoundingClientRect();
    return { x: rect.right - edge.left + root.scrollLeft, y: rect.top - edge.top + root.scrollTop };
  }

  /** @param {string} key */
  #made(key) {
    const pin = h("button", { type: "button", class: "ed-pin", tabindex: -1, "data-pin": key, onclick: () => this.comments.pick(key) });
    pin.addEventListener("mousedown", (event) => event.preventDefault());
    this.pins.set(key, pin);
    this.root.append(pin);
    return pin;
  }

  /** @param {HTMLButtonElement} pin @param {Comment} one @param {Point} at */
  #draw(pin, one, at) {
    const number = String(one.number);
    if (pin.textContent !== number) pin.textContent = number;
    pin.classList.toggle("is-resolved", one.resolved);
    pin.classList.toggle("is-current", one.uuid === this.comments.current);
    pin.title = `${one.author}: ${one.text}`;
    pin.setAttribute("aria-label", gettext("Comment {n}", { n: number }));
    place(pin, at);
  }

  #drawNext() {
    const { aim, list } = this.comments;
    const at = this.#at(aim);
    if (!at) return this.next.remove();
    this.next.textContent = String(list.reduce((most, one) => Math.max(most, one.number), 0) + 1);
    place(this.next, at);
    this.root.append(this.next);
  }
}

/** @param {HTMLElement} pin @param {Point} at */
function place(pin, { x, y }) {
  pin.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
}
