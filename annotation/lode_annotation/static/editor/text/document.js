// @ts-check
/**
 * A text on the page, with the regions that are spans of it: shown, selected, marked by the pointer.
 *
 * The text stands in blocks, of which the browser lays out those near the window alone (`content-visibility`); marks are
 * made for those alone, too. What is drawn is what the canvas would draw of a picture: the layers of `RegionScene`.
 */

import { find, h } from "../../lode/dom.js";
import { gettext } from "../../lode/words.js";
import { shapeFor } from "../kinds/index.js";
import { Arcs } from "./arcs.js";
import { meant } from "./breaks.js";
import { blockAt, blocksOf, byBlock, drawnAlike, levelled, pieces } from "./layout.js";
import { Units } from "./units.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../kinds/span.js").SpanRegion} SpanRegion */
/** @typedef {import("./breaks.js").Range} Range */
/** @typedef {import("./layout.js").Block} Block */
/** @typedef {import("./layout.js").Mark} Mark */
/** @typedef {Block & {element: HTMLElement, marks: readonly Mark[], near: boolean, drawn: readonly Mark[], named: boolean}} Placed a block on the page; `drawn`: the marks that it shows, `named` with their names */

/** How far from the window blocks get their marks. */
const NEAR = "300px 0px";
/** How much of a tag's width a character of the text has, so that it ends before the next one. */
const TAG_PART = 0.74;
/** How far what is gone to lies from the upper edge, as a part of the window. */
const UPPER = 0.3;

export class TextDocument {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.root = find("[data-document]", editor.root);
    this.page = h("div", { class: "ed-text" });
    this.arcs = new Arcs(this);
    this.root.replaceChildren(this.page, this.arcs.root);
    this.units = new Units("");
    /** @type {Placed[]} */
    this.blocks = [];
    /** @type {readonly Mark[]} */
    this.marks = [];
    /** What they were made from. @type {readonly Omit<Mark, "level">[]} */
    this.found = [];
    this.frame = 0;
    /** Whether it has been scrolled since the text was shown: to ask the browser makes it lay out the page. */
    this.scrolled = false;
    /** Whether the button went down in the text. */
    this.pressed = false;
    this.seeing = new IntersectionObserver((entries) => this.#seen(entries), { root: this.root, rootMargin: NEAR });
    editor.stage.scene.heard = () => this.invalidate();
    this.root.addEventListener("scroll", () => (this.scrolled = true), { passive: true });
    this.root.addEventListener("pointerdown", (event) => this.#pressed(event));
    this.root.addEventListener("dragstart", (event) => event.preventDefault());
    addEventListener("mouseup", (event) => this.#released(event));
    this.root.addEventListener("click", (event) => this.#clicked(event));
    // With Shift a span is selected, too; the browser would select the words up to there.
    this.root.addEventListener("mousedown", (event) => event.shiftKey && keysAt(event.target).size && event.preventDefault());
  }

  /** Show a text; "" for none. @param {string} text */
  show(text) {
    if (text !== this.units.text) {
      this.seeing.disconnect();
      this.units = new Units(text);
      this.blocks = blocksOf(text).map((block) => {
        const element = h("div", { class: "ed-block" }, text.slice(block.from, block.to));
        element.style.setProperty("--lines", String(block.lines));
        return { ...block, element, marks: [], near: false, drawn: [], named: false };
      });
      this.page.replaceChildren(...this.blocks.map(({ element }) => element));
      this.found = [];
      for (const block of this.blocks.slice(0, 2)) block.near = true;
      for (const { element } of this.blocks) this.seeing.observe(element);
    }
    if (this.scrolled) this.root.scrollTop = 0;
    this.scrolled = false;
    if (this.editor.marking) this.invalidate();
    else this.drawNow();
  }

  /** Bring the marks up to date, once a frame. */
  invalidate() {
    if (this.editor.marking && !this.frame) this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const found = this.editor.marking ? this.#found() : [];
    if (!drawnAlike(found, this.found)) this.#place(found);
    for (const block of this.blocks) if (block.near) this.#draw(block);
    this.arcs.draw();
  }

  /** @param {readonly Omit<Mark, "level">[]} found */
  #place(found) {
    this.found = found;
    this.marks = levelled(found);
    const lines = this.marks.reduce((most, { level }) => Math.max(most, level), 0);
    this.page.style.setProperty("--deep", String(Math.max(0, lines - 2)));
    const marks = byBlock(this.blocks, this.marks);
    this.blocks.forEach((block, at) => (block.marks = marks[at] ?? []));
  }

  /** What lies where, of all the layers. @returns {Omit<Mark, "level">[]} */
  #found() {
    const { scene } = this.editor.stage;
    const found = [];
    for (const { shapes, colour, name, look = "own" } of scene.layers()) {
      for (const region of /** @type {Iterable<SpanRegion>} */ (shapes)) {
        if (region.start >= this.units.length) continue; // of another text
        const { from, to } = this.rangeOf(region);
        found.push({ key: region.key, from, to, colour: colour(region), name: name(region), look });
      }
    }
    return found;
  }

  /** Where a region is, in UTF-16 units. @param {{start: number, end: number}} region @returns {Range} */
  rangeOf({ start, end }) {
    return { from: this.units.toUnit(start), to: this.units.toUnit(end) };
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    const near = new Map(entries.map(({ target, isIntersecting }) => [target, isIntersecting]));
    for (const block of this.blocks) {
      const now = near.get(block.element);
      if (now === undefined || now === block.near) continue;
      block.near = now;
      // what goes out of sight keeps its marks until it comes back
      if (now) this.#draw(block);
    }
    this.arcs.draw();
  }

  /** Make a block's marks again where they changed, and show which are selected. @param {Placed} block */
  #draw(block) {
    const { selection } = this.editor.store;
    const { showNames } = this.editor.stage.scene;
    if (block.named !== showNames || !drawnAlike(block.marks, block.drawn)) {
      block.drawn = block.marks;
      block.named = showNames;
      const tags = showNames ? tagsOf(block) : new Map();
      const parts = pieces(block, block.marks).map((piece) => {
        /** @type {Node} */
        let node = document.createTextNode(this.units.text.slice(piece.from, piece.to));
        for (const mark of [...piece.marks].sort((a, b) => a.level - b.level)) node = markOf(mark, node);
        const tag = tags.get(piece.from);
        if (tag && node instanceof HTMLElement) {
          node.dataset.tag = tag.names;
          node.style.setProperty("--room", `${Math.max(1, tag.room * TAG_PART).toFixed(1)}em`);
        }
        return node;
      });
      block.element.replaceChildren(...parts);
    }
    for (const element of block.element.querySelectorAll("[data-key]")) {
      element.classList.toggle("is-on", selection.has(/** @type {HTMLElement} */ (element).dataset.key ?? ""));
    }
  }

  /** Make sure that a place is drawn, and bring it into sight where it is not. @param {{start: number, end: number}} region */
  reveal(region) {
    const { from } = this.rangeOf(region);
    const block = this.blocks[blockAt(this.blocks, from)];
    if (!block) return;
    block.near = true;
    this.drawNow();
    const place = this.rectOf(from);
    const window = this.root.getBoundingClientRect();
    if (!place || (place.top >= window.top + 24 && place.bottom <= window.bottom - 40)) return;
    this.root.scrollTop += place.top - window.top - window.height * UPPER;
    // the blocks between were guessed: now that they are laid out, look again
    const again = this.rectOf(from);
    if (again && (again.top < window.top || again.bottom > window.bottom)) this.root.scrollTop += again.top - window.top - window.height * UPPER;
  }

  /** The first place of the text that is in sight, in units. */
  firstInSight() {
    const { top } = this.root.getBoundingClientRect();
    const block = this.blocks.find(({ element }) => element.getBoundingClientRect().bottom > top + 1);
    if (!block || block.element.getBoundingClientRect().top >= top) return block?.from ?? 0;
    let [low, high] = [block.from, block.to];
    while (low < high) {
      const middle = (low + high) >> 1;
      const rect = this.rectOf(middle);
      if (rect && rect.top < top) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the character at a place stands on the screen. @param {number} unit @returns {DOMRect|null} */
  rectOf(unit) {
    const range = this.domRange({ from: unit, to: Math.min(unit + 1, this.units.text.length) });
    return range?.getClientRects()[0] ?? range?.getBoundingClientRect() ?? null;
  }

  /** @param {Range} range @returns {globalThis.Range|null} */
  domRange({ from, to }) {
    const [start, end] = [this.#nodeAt(from), this.#nodeAt(to)];
    if (!start || !end) return null;
    const range = document.createRange();
    range.setStart(...start);
    range.setEnd(...end);
    return range;
  }

  /** @param {number} unit @returns {[Text, number]|null} */
  #nodeAt(unit) {
    const block = this.blocks[blockAt(this.blocks, unit)];
    if (!block) return null;
    const walker = document.createTreeWalker(block.element, NodeFilter.SHOW_TEXT);
    let left = unit - block.from;
    for (let node = /** @type {Text|null} */ (walker.nextNode()); node; node = /** @type {Text|null} */ (walker.nextNode())) {
      if (left <= node.length) return [node, left];
      left -= node.length;
    }
    return null;
  }

  /** The unit at a place in the page; null where it is not in the text. @param {Node} node @param {number} offset */
  #unitAt(node, offset) {
    const element = (node instanceof Element ? node : node.parentElement)?.closest(".ed-block");
    const block = this.blocks.find((one) => one.element === element);
    if (!block) return node === this.page ? (this.blocks[offset]?.from ?? this.units.text.length) : null;
    const before = document.createRange();
    before.setStart(block.element, 0);
    before.setEnd(node, offset);
    return block.from + before.toString().length;
  }

  /** What the reader has selected of the text, as it is meant; null where that is nothing. @returns {Range|null} */
  get selected() {
    const selection = getSelection();
    if (!selection?.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!range.intersectsNode(this.page)) return null;
    const from = this.page.contains(range.startContainer) ? this.#unitAt(range.startContainer, range.startOffset) : 0;
    const to = this.page.contains(range.endContainer) ? this.#unitAt(range.endContainer, range.endOffset) : this.units.text.length;
    return from === null || to === null ? null : meant(this.units.text, from, to);
  }

  /** A mouse or a pen went down: what is selected from now on is marked. A finger selects, and a label is pressed then. @param {PointerEvent} event */
  #pressed(event) {
    this.pressed = event.button === 0 && event.pointerType !== "touch";
    // else the browser would drag the words that are selected
    if (this.pressed && !event.shiftKey) getSelection()?.removeAllRanges();
  }

  /** The button was let go: what the hand selected is marked with the label in hand. @param {MouseEvent} event */
  #released(event) {
    const { pressed } = this;
    this.pressed = false;
    if (!pressed || !this.editor.marking || event.detail > 2 || this.editor.relations.from) return;
    // the browser's own selection is settled after the event
    setTimeout(() => {
      if (this.selected && this.editor.stage.editable) this.mark();
    });
  }

  /** Mark what is selected with the label in hand. @returns {boolean} whether there was anything */
  mark() {
    const range = this.editor.marking && this.editor.stage.editable ? this.selected : null;
    if (!range) return false;
    getSelection()?.removeAllRanges();
    this.add(range);
    return true;
  }

  /** A new span with the label in hand; where there is just this one already, that is selected. @param {Range} range */
  add(range) {
    const { editor } = this;
    const made = this.units.span(range.from, range.to);
    const { control, label } = editor.armed ?? {};
    const kind = control && shapeFor(control);
    const twin = this.spans().find((one) => one.start === made.start && one.end === made.end && one.control === control?.name && one.labels[0] === label?.value);
    if (twin) editor.store.select([twin.key]);
    else if (kind?.inText) editor.add(kind, [made]);
    editor.notes.announce(gettext("{label}: {words}", { label: label?.value ?? "", words: made.text }));
  }

  /** One's own spans. @returns {SpanRegion[]} */
  spans() {
    return /** @type {SpanRegion[]} */ (this.editor.store.shapes().filter((region) => !region.pending));
  }

  /** A span was pressed: it is selected; of several in one place the smallest, or the one after that which is. @param {MouseEvent} event */
  #clicked(event) {
    if (!this.editor.marking || this.selected || event.detail > 1) return;
    const { editor } = this;
    const keys = keysAt(event.target);
    const order = this.marks.filter(({ key }) => keys.has(key) && editor.store.regions.has(key)).sort((a, b) => a.to - a.from - (b.to - b.from));
    const extend = event.shiftKey || event.ctrlKey || event.metaKey;
    const now = order.findIndex(({ key }) => editor.store.selection.has(key));
    const next = order[(now + 1) % order.length];
    if (!next) return void (extend || editor.relations.from || editor.store.select([]));
    if (!editor.relations.take(next.key)) editor.pick(next.key, extend);
  }
}

/** The regions of which the marks lie around an element. @param {EventTarget|null} target @returns {Set<string>} */
function keysAt(target) {
  const keys = new Set();
  for (let at = target instanceof HTMLElement ? target : null; at?.dataset.key; at = at.parentElement) keys.add(at.dataset.key);
  return keys;
}

/** @param {Mark} mark @param {Node} inner */
function markOf({ key, colour, name, look, level }, inner) {
  const element = h("span", { class: `text-span ed-mark is-${look}`, "data-key": key, title: name }, inner);
  element.style.setProperty("--c", colour);
  element.style.setProperty("--at", String(level));
  return element;
}

/** The names of the marks that begin in a block, by the place, and how many characters there are to the next. @param {Placed} block @returns {Map<number, {names: string, room: number}>} */
function tagsOf({ from, to, marks }) {
  /** @type {Map<number, string[]>} */
  const names = new Map();
  for (const mark of marks) if (mark.from >= from && mark.name) names.set(mark.from, [...(names.get(mark.from) ?? []), mark.name]);
  const places = [...names.keys()];
  return new Map(places.map((at, index) => [at, { names: (names.get(at) ?? []).join(" · "), room: (places[index + 1] ?? to + 40) - at }]));
}
