// @ts-check
// A list or grid of any number of things that keeps only those in sight in the page.

/** @typedef {{columns: number, across: number, down: number, gap: number}} Measures pixels: `across`, `down` of a place with its gap */
/**
 * @typedef {object} Options
 * @property {number} count
 * @property {(width: number) => Measures} measure how the places lie in a holder of this width
 * @property {(index: number, before: HTMLElement | undefined) => HTMLElement} draw what stands at a place; `before` stands there now
 * @property {string} css class of the element that holds them
 * @property {(from: number, to: number) => void} [seen] asks for what is about to be seen
 */

const MARGIN = 2;

export class VirtualList {
  /**
   * @param {HTMLElement} holder scrolls
   * @param {Options} options
   */
  constructor(holder, options) {
    this.holder = holder;
    this.options = options;
    this.count = options.count;
    /** @type {Measures} */
    this.measures = { columns: 1, across: 1, down: 1, gap: 0 };
    /** Those in the page, by place. @type {Map<number, HTMLElement>} */
    this.shown = new Map();
    this.ground = document.createElement("div");
    this.ground.className = options.css;
    this.ground.setAttribute("role", "presentation");
    this.holder.replaceChildren(this.ground);
    this.waiting = 0;
    // Read when they change alone: to ask for them makes the browser lay out the page.
    this.top = 0;
    this.height = 0;
    this.holder.addEventListener("scroll", () => this.#later(), { passive: true });
    new ResizeObserver(() => this.layout()).observe(this.holder);
    this.layout();
  }

  get columns() {
    return this.measures.columns;
  }

  /** Measure again and draw. */
  layout() {
    const width = this.holder.clientWidth;
    if (width <= 0) return;
    this.measures = this.options.measure(width);
    this.height = this.holder.clientHeight;
    this.top = this.holder.scrollTop;
    for (const [index, element] of this.shown) this.#place(element, index);
    this.#fit();
  }

  /** Make room for all, and draw what is in sight. */
  #fit() {
    const { columns, down, gap } = this.measures;
    this.ground.style.height = `${Math.ceil(this.count / columns) * down + gap}px`;
    this.update();
  }

  /** Scroll to the first. */
  toTop() {
    if (this.top) this.holder.scrollTop = 0;
    this.top = 0;
  }

  /** Take another number of things, and draw what is in sight again: `draw` says what may stay. @param {number} count */
  reset(count) {
    const changed = count !== this.count;
    this.count = count;
    this.redraw(0, count);
    if (!this.height) this.layout();
    else if (changed || !this.shown.size) this.#fit();
  }

  #later() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.top = this.holder.scrollTop;
      this.update();
    });
  }

  /** The places in sight, some more on either side. @returns {[number, number]} the first, and the one after the last */
  get range() {
    const { columns, down, gap } = this.measures;
    const lowest = Math.ceil(this.count / columns) * down + gap - this.height;
    const first = Math.max(0, Math.floor(Math.min(this.top, lowest) / down) - MARGIN) * columns;
    const rows = Math.ceil(this.height / down) + 2 * MARGIN + 1;
    return [first, Math.min(this.count, first + rows * columns)];
  }

  /** Put in what is in sight, in order, and take out the rest. */
  update() {
    const [first, last] = this.range;
    for (const [index, element] of this.shown) {
      if (index >= first && index < last) continue;
      element.remove();
      this.shown.delete(index);
    }
    /** @type {HTMLElement | null} */
    let before = null;
    for (let index = first; index < last; index += 1) {
      let element = this.shown.get(index);
      if (!element) {
        element = this.options.draw(index, undefined);
        this.#place(element, index);
        this.shown.set(index, element);
        this.ground.insertBefore(element, before ? before.nextSibling : this.ground.firstChild);
      }
      before = element;
    }
    this.options.seen?.(first, last);
  }

  /**
   * @param {HTMLElement} element
   * @param {number} index
   */
  #place(element, index) {
    const { columns, across, down, gap } = this.measures;
    const row = Math.floor(index / columns);
    const column = index % columns;
    element.style.width = `${across - gap}px`;
    element.style.height = `${down - gap}px`;
    element.style.transform = `translate(${gap + column * across}px, ${gap + row * down}px)`;
  }

  /**
   * Draw places again whose things changed or have arrived.
   * @param {number} from
   * @param {number} [to]
   */
  redraw(from, to = from + 1) {
    for (const [index, element] of this.shown) {
      if (index < from || index >= to) continue;
      const drawn = this.options.draw(index, element);
      if (drawn === element) continue;
      this.#place(drawn, index);
      element.replaceWith(drawn);
      this.shown.set(index, drawn);
    }
  }

  /** Scroll as little as brings a place into sight. @param {number} index */
  reveal(index) {
    const { columns, down, gap } = this.measures;
    const top = Math.floor(index / columns) * down;
    const bottom = top + down + gap;
    if (top < this.holder.scrollTop) this.holder.scrollTop = top;
    else if (bottom > this.holder.scrollTop + this.holder.clientHeight) {
      this.holder.scrollTop = bottom - this.holder.clientHeight;
    }
    this.top = this.holder.scrollTop;
    this.update();
  }
}
