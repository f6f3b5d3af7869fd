// @ts-check
/** The relations of the selected spans, as arcs over the text. */

import { s } from "../../lode/dom.js";

/** @typedef {import("./document.js").TextDocument} TextDocument */
/** @typedef {{x: number, y: number}} Place */

/** How high an arc stands above the words, in CSS pixels: at least, and at most. */
const LOW = 18;
const HIGH = 70;
const HEAD = 6;

export class Arcs {
  /** @param {TextDocument} text */
  constructor(text) {
    this.text = text;
    this.root = /** @type {SVGSVGElement} */ (s("svg", { class: "ed-arcs", "aria-hidden": "true" }));
    new ResizeObserver(() => this.draw()).observe(text.page);
  }

  draw() {
    const { editor, root } = this.text;
    const relations = editor.marking ? editor.relations.selected() : [];
    if (!relations.length && !this.root.childElementCount) return;
    const window = root.getBoundingClientRect();
    const edge = { left: window.left - root.scrollLeft, top: window.top - root.scrollTop };
    const drawn = relations.flatMap(({ from, to, both, control, labels }) => {
      const [start, end] = [this.#placeOf(from, edge), this.#placeOf(to, edge)];
      if (!start || !end) return [];
      const [label] = labels;
      const colour = label === undefined ? "var(--lode-muted)" : editor.stage.palette.of(control, label);
      return this.#arc(start, end, colour, label ?? "", both);
    });
    this.root.replaceChildren(...drawn);
  }

  /** Above the middle of a span's first line; null where it is not laid out. @param {string} key @param {{left: number, top: number}} edge of the text, where it is not scrolled @returns {Place|null} */
  #placeOf(key, edge) {
    const region = this.text.editor.store.regions.get(key);
    const block = this.text.blocks.find(({ near, marks }) => near && marks.some((mark) => mark.key === key));
    const element = region && block?.element.querySelector(`[data-key="${CSS.escape(key)}"]`);
    const rect = element?.getClientRects()[0];
    return rect ? { x: rect.left + rect.width / 2 - edge.left, y: rect.top - edge.top } : null;
  }

  /** @param {Place} from @param {Place} to @param {string} colour @param {string} label @param {boolean} both */
  #arc(from, to, colour, label, both) {
    const high = Math.min(HIGH, LOW + Math.abs(to.x - from.x) / 8);
    const top = Math.min(from.y, to.y) - high;
    const line = s("path", { d: `M${from.x} ${from.y}C${from.x} ${top} ${to.x} ${top} ${to.x} ${to.y}`, class: "ed-arc" });
    line.style.stroke = colour;
    const heads = s("path", { d: `${head(to)}${both ? head(from) : ""}` });
    heads.style.fill = colour;
    if (!label) return [line, heads];
    const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y + 6 * top) / 8 };
    const name = s("text", { x: middle.x, y: middle.y, class: "ed-arc-name" });
    name.style.fill = colour;
    name.textContent = label;
    return [line, heads, name];
  }
}

/** A head that points down at a place. @param {Place} place */
function head({ x, y }) {
  return `M${x} ${y}l${-HEAD / 1.5} ${-HEAD}h${HEAD * 1.33}z`;
}
