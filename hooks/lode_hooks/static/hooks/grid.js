// @ts-check
// A grid of any number of tiles that keeps only those in sight in the page.

/**
 * @typedef {object} Options
 * @property {number} count of tiles
 * @property {number} size the least width of a tile, pixels
 * @property {number} caption height below the square, pixels
 * @property {(tile: HTMLElement, index: number) => void} draw fills a tile
 * @property {(from: number, to: number) => void} seen asks for what is about to be seen
 */

const GAP = 10;
const MARGIN = 2;

export class Grid {
  /**
   * @param {HTMLElement} holder scrolls
   * @param {Options} options
   */
  constructor(holder, options) {
    this.holder = holder;
    this.options = options;
    this.columns = 1;
    this.step = 1;
    this.rowStep = 1;
    /** @type {Map<number, HTMLElement>} */
    this.tiles = new Map();
    this.ground = document.createElement("div");
    this.ground.className = "grid-ground";
    this.holder.replaceChildren(this.ground);
    this.waiting = 0;
    this.holder.addEventListener("scroll", () => this.later(), { passive: true });
    new ResizeObserver(() => this.layout()).observe(this.holder);
    this.layout();
  }

  /** Measures again and draws. */
  layout() {
    const width = this.holder.clientWidth - 2 * GAP;
    if (width <= 0) return;
    this.columns = Math.max(1, Math.floor((width + GAP) / (this.options.size + GAP)));
    this.step = (width + GAP) / this.columns;
    this.rowStep = this.step - GAP + this.options.caption + GAP;
    const rows = Math.ceil(this.options.count / this.columns);
    this.ground.style.height = `${rows * this.rowStep + GAP}px`;
    for (const [index, tile] of this.tiles) this.place(tile, index);
    this.update();
  }

  later() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.update();
    });
  }

  /** Puts in the tiles that are in sight, takes out the others. */
  update() {
    const top = this.holder.scrollTop;
    const first = Math.max(0, (Math.floor(top / this.rowStep) - MARGIN) * this.columns);
    const rows = Math.ceil(this.holder.clientHeight / this.rowStep) + 2 * MARGIN + 1;
    const last = Math.min(this.options.count, first + rows * this.columns);
    for (const [index, tile] of this.tiles) {
      if (index < first || index >= last) {
        tile.remove();
        this.tiles.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) {
      if (this.tiles.has(index)) continue;
      const tile = document.createElement("div");
      tile.className = "tile card-tile";
      tile.id = `match-${index}`;
      tile.dataset.index = String(index);
      tile.setAttribute("role", "option");
      this.place(tile, index);
      this.options.draw(tile, index);
      this.tiles.set(index, tile);
      this.ground.append(tile);
    }
    this.options.seen(first, last);
  }

  /**
   * @param {HTMLElement} tile
   * @param {number} index
   */
  place(tile, index) {
    const row = Math.floor(index / this.columns);
    const column = index % this.columns;
    tile.style.width = `${this.step - GAP}px`;
    tile.style.height = `${this.rowStep - GAP}px`;
    tile.style.transform = `translate(${GAP + column * this.step}px, ${GAP + row * this.rowStep}px)`;
  }

  /**
   * Draws tiles again whose match changed or has arrived.
   * @param {number} from
   * @param {number} [to]
   */
  redraw(from, to = from + 1) {
    for (const [index, tile] of this.tiles) {
      if (index >= from && index < to) this.options.draw(tile, index);
    }
  }

  /** @param {number} index the tile to bring into sight */
  reveal(index) {
    const top = Math.floor(index / this.columns) * this.rowStep;
    const bottom = top + this.rowStep + GAP;
    if (top < this.holder.scrollTop) this.holder.scrollTop = top;
    else if (bottom > this.holder.scrollTop + this.holder.clientHeight) {
      this.holder.scrollTop = bottom - this.holder.clientHeight;
    }
    this.update();
  }
}
