// @ts-check
/**
 * A picture with regions to look at: zoomed by wheel and keys, moved by dragging. The editor has the same scene and view
 * with tools of its own in place of the hand.
 */

import { DOT_REACH, fromMiddle, meet, REACH } from "./geometry.js";
import { drawingOf } from "./kinds/index.js";
import { Palette } from "./palette.js";
import { Scene } from "./scene.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {import("./geometry.js").Point} Point */
/**
 * A region as `readRegion` made it.
 * @typedef {object} Region
 * @property {string} kind
 * @property {Meaning} layer
 * @property {string} label
 * @property {number} [color] of its class, counted from 1
 * @property {number|null} [score]
 * @property {boolean} [faint] beside what is looked at
 */
/** @typedef {"truth"|"prediction"|"other"|"class"} Meaning */

const MEANINGS = /** @type {const} */ (["class", "other", "truth", "prediction"]);
const WHEEL = 0.0015;
/** A press that moves less than this, in CSS pixels, does not drag. */
const STILL = 4;

/** Events: `pick` with the region that was pressed as `detail`; `view` after zooming or moving. */
export class PictureCanvas extends EventTarget {
  /**
   * @param {HTMLElement} holder whose whole area it takes
   * @param {{viewport?: Viewport, page?: boolean}} [options] `viewport`: one that two pictures share; `page`: it stands in
   * a page that scrolls, where the wheel zooms with Ctrl alone
   */
  constructor(holder, { viewport = new Viewport(), page = false } = {}) {
    super();
    this.holder = holder;
    this.page = page;
    this.viewport = viewport;
    this.image = canvas("image");
    this.drawn = canvas("regions");
    holder.classList.add("picture-canvas");
    holder.prepend(this.image, this.drawn);
    this.scene = new Scene(this.image, this.drawn, viewport, new Palette(holder), drawingOf);
    this.scene.layers = () => this.#layers();
    /** @type {Region[]} */
    this.regions = [];
    /** @type {Set<Meaning>} */
    this.hidden = new Set();
    this.src = "";
    /** What one came to see. @type {Bounds|null} */
    this.focus = null;
    viewport.addEventListener("change", () => this.#moved());
    this.#listen();
  }

  /**
   * Show a picture; where one looked closer before, the new one is shown as close, around its focus.
   * @param {{src: string, width: number, height: number, regions: Region[], focus?: Bounds|null}} what size and places in
   * pixels of the upright image
   */
  show({ src, width, height, regions, focus = null }) {
    const { zoom } = this;
    this.focus = focus;
    if (src !== this.src) this.#load(src);
    this.viewport.setImage({ width: width || 100, height: height || 100 });
    if (zoom > 1) this.viewport.centre(focus ?? whole(this.viewport.image), zoom * this.viewport.fitScale);
    this.setRegions(regions);
  }

  /** @param {Region[]} regions */
  setRegions(regions) {
    this.regions = regions;
    const counted = MEANINGS.map((meaning) => [meaning, regions.filter((region) => region.layer === meaning).length]);
    this.holder.dataset.drawn = counted.flatMap(([meaning, count]) => (count ? `${meaning} ${count}` : [])).join(", ");
    this.scene.regroup();
  }

  /** How much closer than the whole picture. */
  get zoom() {
    return this.viewport.scale / this.viewport.fitScale;
  }

  fit() {
    this.viewport.fit();
  }

  /** Go to what one came to see; there already, to the whole picture. */
  toFocus() {
    const before = this.viewport.scale;
    const part = this.focus ?? whole(this.viewport.image);
    this.viewport.show(part);
    if (Math.abs(this.viewport.scale - before) < before / 100) this.viewport.fit();
  }

  /** @param {number} factor @param {Point} [at] on the stage; else the middle */
  scale(factor, at) {
    const { width, height } = this.viewport.stage;
    const wanted = this.viewport.scale * factor;
    if (wanted <= this.viewport.fitScale) this.viewport.fit();
    else this.viewport.zoomTo(at ?? { x: width / 2, y: height / 2 }, wanted);
  }

  /** Show or hide what means one thing. @param {Meaning} meaning @returns {boolean} whether it is shown now */
  toggle(meaning) {
    if (!this.hidden.delete(meaning)) this.hidden.add(meaning);
    this.scene.regroup();
    return !this.hidden.has(meaning);
  }

  /** @param {Point} at on the stage @returns {Region|null} the smallest region there, the nearest of equals */
  regionAt(at) {
    const point = this.viewport.toImage(at);
    const margin = REACH / this.viewport.scale;
    const far = DOT_REACH / this.viewport.scale;
    const near = { left: point.x - far, top: point.y - far, right: point.x + far, bottom: point.y + far };
    const found = this.regions.filter((region) => {
      if (this.hidden.has(region.layer)) return false;
      const kind = drawingOf(region);
      return meet(kind.bounds(region), near) && kind.hit(region, point, margin);
    });
    const away = (/** @type {Region} */ region) => fromMiddle(drawingOf(region).bounds(region), point);
    return found.sort((a, b) => drawingOf(a).area(a) - drawingOf(b).area(b) || away(a) - away(b))[0] ?? null;
  }

  /** @returns {import("./scene.js").Layer<Region>[]} */
  #layers() {
    const { palette } = this.scene;
    return [true, false].flatMap((faint) =>
      MEANINGS.filter((meaning) => !this.hidden.has(meaning)).map((meaning) => ({
        shapes: this.regions.filter((region) => region.layer === meaning && (region.faint ?? false) === faint),
        colour: (region) => (meaning === "class" ? palette.nth(region.color ?? 1) : palette[meaning]),
        dash: palette.dashes[meaning],
        name: faint ? () => "" : wordsOf,
        faint,
        below: meaning === "prediction",
      })),
    );
  }

  /** @param {string} src */
  async #load(src) {
    this.src = src;
    this.scene.setPicture(null, { width: 1, height: 1 });
    const image = new Image();
    image.src = src;
    await image.decode().catch(() => {});
    if (src !== this.src || !image.naturalWidth) return;
    this.scene.setPicture(image, { width: image.naturalWidth, height: image.naturalHeight });
  }

  #moved() {
    this.holder.dataset.zoom = this.zoom.toFixed(2);
    this.dispatchEvent(new Event("view"));
  }

  #listen() {
    const { holder } = this;
    new ResizeObserver(() => {
      const { clientWidth, clientHeight } = holder;
      if (clientWidth && clientHeight) this.scene.resize(clientWidth, clientHeight);
    }).observe(holder);
    if (holder.clientWidth && holder.clientHeight) this.scene.resize(holder.clientWidth, holder.clientHeight);
    const place = (/** @type {MouseEvent} */ event) => {
      const edge = holder.getBoundingClientRect();
      return { x: event.clientX - edge.left, y: event.clientY - edge.top };
    };
    holder.addEventListener(
      "wheel",
      (event) => {
        if (this.page && !event.ctrlKey) return;
        event.preventDefault();
        this.scale(Math.exp(-event.deltaY * (event.ctrlKey ? 4 * WHEEL : WHEEL)), place(event));
      },
      { passive: false },
    );
    /** @type {{from: Point, last: Point}|null} */
    let drag = null;
    holder.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      holder.setPointerCapture(event.pointerId);
      drag = { from: place(event), last: place(event) };
    });
    holder.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (drag) {
        if (this.zoom > 1) this.viewport.panBy(at.x - drag.last.x, at.y - drag.last.y);
        drag.last = at;
      } else {
        const region = this.regionAt(at);
        holder.title = region ? titleOf(region) : "";
      }
    });
    holder.addEventListener("pointerup", (event) => {
      const at = place(event);
      const pressed = drag && Math.hypot(at.x - drag.from.x, at.y - drag.from.y) < STILL;
      drag = null;
      const region = pressed ? this.regionAt(at) : null;
      if (region) this.dispatchEvent(new CustomEvent("pick", { detail: region }));
    });
    holder.addEventListener("pointercancel", () => (drag = null));
    holder.addEventListener("dblclick", () => this.toFocus());
    document.addEventListener("lode:theme", () => {
      this.scene.palette.read();
      this.scene.regroup();
      this.scene.invalidate(true);
    });
  }
}

/** @param {string} name @returns {HTMLCanvasElement} */
function canvas(name) {
  const made = document.createElement("canvas");
  made.className = `picture-canvas-${name}`;
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** @param {{width: number, height: number}} image @returns {Bounds} */
function whole({ width, height }) {
  return { left: 0, top: 0, right: width, bottom: height };
}

/** @param {Region} region */
function wordsOf(region) {
  const score = typeof region.score === "number" ? region.score.toFixed(2) : "";
  return [region.label, score].filter(Boolean).join(" ");
}

/** @param {Region} region */
function titleOf(region) {
  return [wordsOf(region), drawingOf(region).measure(region)].filter(Boolean).join(" · ");
}
