// @ts-check
/** A picture and regions on two canvases, redrawn at most once a frame. What the regions are it is told in layers. */

import { drawArrows } from "./arrow.js";
import { apart, DOT_RADIUS, union } from "./geometry.js";
import { inkOn, widthOf } from "./ink.js";
import { drawBitmap, sheetOf } from "./tint.js";

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {import("./kinds/index.js").Drawing<any>} Drawing */
/** @typedef {import("./kinds/index.js").Drawn} Drawn */
/** @typedef {import("./tint.js").Bitmap} Bitmap */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./palette.js").Palette} Palette */
/**
 * Regions that mean one thing, such as the predictions.
 * @template {Drawn} R
 * @typedef {object} Layer
 * @property {Iterable<R>} shapes
 * @property {(shape: R) => string} colour
 * @property {readonly number[]} [dash] as the palette has it; solid without
 * @property {(shape: R) => string} name what stands beside it; empty for nothing
 * @property {boolean} [faint] what is only there to compare with: drawn thin and pale
 * @property {boolean} [live] whether its bitmaps change at every frame
 * @property {string} [look] what they mean, for those who draw them otherwise
 * @property {boolean} [below] whether the name stands below the region, where another layer's stands above
 */
/**
 * Shapes that are drawn with one pen.
 * @typedef {object} Group
 * @property {Layer<any>} layer
 * @property {string} colour
 * @property {any[]} shapes
 * @property {Drawing[]} kinds of the shapes
 * @property {Float64Array} edges four for each shape, its bounds in image pixels: left, top, right, bottom
 * @property {boolean[]} upright whether the bounds are the outline itself
 */

const NAMES_UP_TO = 400;
const FILLS_UP_TO = 600;
/** The width from which a region is named, in CSS pixels; what has no extent is named at any zoom. */
const NAMED_FROM = 28;
/** Between a dot and its name, in CSS pixels. */
const DOT_NAME_GAP = 3;
// From twice its size on the picture shows its pixels.
const SMOOTH_BELOW = 2;
const FAINT = 0.8;
const FAINT_WIDTH = 1.5;
/** A grid is seen on light and on dark pictures. @type {readonly [string, number[]][]} */
const GRID = [
  ["rgb(0 0 0 / 35%)", []],
  ["rgb(255 255 255 / 55%)", [2, 2]],
];
/** The least distance between two lines of the grid, in CSS pixels. */
const GRID_FROM = 32;

export class Scene {
  /**
   * @param {HTMLCanvasElement} imageCanvas
   * @param {HTMLCanvasElement} regionCanvas
   * @param {Viewport} viewport
   * @param {Palette} palette
   * @param {(shape: any) => Drawing} kindOf how a shape is drawn
   */
  constructor(imageCanvas, regionCanvas, viewport, palette, kindOf) {
    this.imageCanvas = imageCanvas;
    this.regionCanvas = regionCanvas;
    this.imageContext = /** @type {CanvasRenderingContext2D} */ (imageCanvas.getContext("2d", { alpha: false }));
    this.regionContext = /** @type {CanvasRenderingContext2D} */ (regionCanvas.getContext("2d"));
    this.viewport = viewport;
    this.palette = palette;
    this.kindOf = kindOf;
    this.showGrid = false;
    /** @type {CanvasImageSource|null} */
    this.picture = null;
    this.pictureSize = { width: 1, height: 1 };
    this.showNames = true;
    /** @type {Group[]} */
    this.groups = [];
    this.grouped = false;
    this.frame = 0;
    this.dirtyImage = true;
    this.dirtyWhole = false;
    /** What alone is to be drawn again, in image pixels. @type {Bounds|null} */
    this.dirtyPart = null;
    /** All bitmaps that do not change at every frame as one, in pixels of the image. @type {Bitmap|null} */
    this.sheet = null;
    const across = (/** @type {number} */ x) => (x * viewport.scale + viewport.left) * this.ratio;
    const down = (/** @type {number} */ y) => (y * viewport.scale + viewport.top) * this.ratio;
    /** Draws on the regions' canvas what is said in image pixels. @type {import("./kinds/index.js").Pen} */
    this.pen = {
      moveTo: (x, y) => this.regionContext.moveTo(across(x), down(y)),
      lineTo: (x, y) => this.regionContext.lineTo(across(x), down(y)),
      curveTo: (x1, y1, x2, y2, x, y) => this.regionContext.bezierCurveTo(across(x1), down(y1), across(x2), down(y2), across(x), down(y)),
      closePath: () => this.regionContext.closePath(),
      dot: (x, y, share = 1) => {
        const radius = DOT_RADIUS * share * this.ratio;
        this.regionContext.moveTo(across(x) + radius, down(y));
        this.regionContext.arc(across(x), down(y), radius, 0, 2 * Math.PI);
      },
      join: (x1, y1, x2, y2, share) => {
        const between = apart({ x: across(x1), y: down(y1) }, { x: across(x2), y: down(y2) }, DOT_RADIUS * share * this.ratio);
        if (!between) return;
        this.regionContext.moveTo(between[0].x, between[0].y);
        this.regionContext.lineTo(between[1].x, between[1].y);
      },
    };
    viewport.addEventListener("change", () => this.invalidate(true));
  }

  /** What is drawn, the first below the others. @returns {Layer<any>[]} */
  layers() {
    return [];
  }

  /** The arrows between regions, above all of them. @returns {readonly import("./arrow.js").Arrow[]} */
  arrows() {
    return [];
  }

  /** @param {CanvasImageSource|null} picture @param {{width: number, height: number}} size its own pixels */
  setPicture(picture, size) {
    this.picture = picture;
    this.pictureSize = size;
    this.invalidate(true);
  }

  /** Fit the canvases to the stage. @param {number} width @param {number} height CSS pixels */
  resize(width, height) {
    const across = Math.max(1, Math.round(width * this.ratio));
    const down = Math.max(1, Math.round(height * this.ratio));
    this.viewport.resize(width, height);
    if (this.imageCanvas.width === across && this.imageCanvas.height === down) return;
    for (const canvas of [this.imageCanvas, this.regionCanvas]) {
      canvas.width = across;
      canvas.height = down;
    }
    this.invalidate(true); // a canvas that is given a size is empty
    this.drawNow();
  }

  get ratio() {
    return Math.min(globalThis.devicePixelRatio || 1, 2);
  }

  regroup() {
    this.grouped = false;
    this.invalidate(false);
  }

  /** @param {boolean} image whether the picture moved too */
  invalidate(image) {
    this.dirtyImage ||= image;
    this.dirtyWhole = true;
    this.#await();
  }

  /** Draw the regions in a part of the picture again. @param {Bounds} part */
  invalidatePart(part) {
    this.dirtyPart = this.dirtyPart ? union([this.dirtyPart, part]) : part;
    this.#await();
  }

  #await() {
    this.frame ||= requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (this.dirtyImage) this.#drawImage();
    this.dirtyImage = false;
    const part = this.dirtyWhole ? null : this.dirtyPart;
    this.dirtyWhole = false;
    this.dirtyPart = null;
    if (part) this.#drawPart(part);
    else this.#drawRegions();
  }

  /** @param {Bounds} part */
  #drawPart(part) {
    const { left, top, scale } = this.viewport;
    const context = this.regionContext;
    const x = Math.floor((part.left * scale + left) * this.ratio) - 1;
    const y = Math.floor((part.top * scale + top) * this.ratio) - 1;
    const right = Math.ceil((part.right * scale + left) * this.ratio) + 1;
    const bottom = Math.ceil((part.bottom * scale + top) * this.ratio) + 1;
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    context.rect(x, y, right - x, bottom - y);
    context.clip();
    this.#drawRegions();
    context.restore();
  }

  #drawImage() {
    const context = this.imageContext;
    const ratio = this.ratio;
    const { left, top, scale, image } = this.viewport;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.palette.stage;
    context.fillRect(0, 0, this.imageCanvas.width, this.imageCanvas.height);
    if (!this.picture) return;
    const view = this.viewport.window;
    const x0 = Math.max(0, Math.floor(view.left));
    const y0 = Math.max(0, Math.floor(view.top));
    const x1 = Math.min(image.width, Math.ceil(view.right));
    const y1 = Math.min(image.height, Math.ceil(view.bottom));
    if (x1 <= x0 || y1 <= y0) return;
    const across = this.pictureSize.width / image.width;
    const down = this.pictureSize.height / image.height;
    context.imageSmoothingEnabled = scale * ratio < SMOOTH_BELOW;
    context.drawImage(
      this.picture,
      x0 * across,
      y0 * down,
      (x1 - x0) * across,
      (y1 - y0) * down,
      (x0 * scale + left) * ratio,
      (y0 * scale + top) * ratio,
      (x1 - x0) * scale * ratio,
      (y1 - y0) * scale * ratio,
    );
  }

  /** Sort the regions by how they are drawn, so that a frame changes the pen once a group and not once a region. */
  #group() {
    this.groups = this.layers().flatMap((layer) => {
      /** @type {Map<string, Group>} */
      const groups = new Map();
      for (const shape of layer.shapes) {
        const colour = layer.colour(shape);
        let group = groups.get(colour);
        if (!group) groups.set(colour, (group = { layer, colour, shapes: [], kinds: [], edges: new Float64Array(), upright: [] }));
        group.shapes.push(shape);
      }
      return [...groups.values()];
    });
    for (const group of this.groups) {
      const edges = new Float64Array(group.shapes.length * 4);
      group.edges = edges;
      group.kinds = group.shapes.map(this.kindOf);
      group.shapes.forEach((shape, at) => {
        const kind = /** @type {Drawing} */ (group.kinds[at]);
        group.upright.push(kind.upright(shape));
        const { left, top, right, bottom } = kind.bounds(shape);
        edges[at * 4] = left;
        edges[at * 4 + 1] = top;
        edges[at * 4 + 2] = right;
        edges[at * 4 + 3] = bottom;
      });
    }
    this.sheet = this.#joined();
    this.grouped = true;
  }

  /** @returns {Bitmap|null} */
  #joined() {
    const bitmaps = this.groups.flatMap(({ layer, colour, shapes, kinds }) => {
      const opacity = layer.faint ? FAINT : 1;
      if (layer.live || !kinds.some(({ bitmap }) => bitmap)) return [];
      return shapes.flatMap((shape, at) => kinds[at]?.bitmap?.(shape, colour) ?? []).map((bitmap) => ({ bitmap, opacity }));
    });
    return sheetOf(bitmaps);
  }

  /** Lines at round distances on the picture, never closer than can be told apart. */
  #drawGrid() {
    const context = this.regionContext;
    const { left, top, scale, image } = this.viewport;
    const ratio = this.ratio;
    const step = gridStep(scale);
    const view = this.viewport.window;
    const first = { x: Math.max(0, Math.ceil(view.left / step)), y: Math.max(0, Math.ceil(view.top / step)) };
    const right = Math.min(view.right, image.width);
    const bottom = Math.min(view.bottom, image.height);
    const place = (/** @type {number} */ at, /** @type {number} */ start) => Math.round((at * scale + start) * ratio) + 0.5;
    context.beginPath();
    for (let at = first.x * step; at <= right; at += step) {
      context.moveTo(place(at, left), place(Math.max(0, view.top), top));
      context.lineTo(place(at, left), place(bottom, top));
    }
    for (let at = first.y * step; at <= bottom; at += step) {
      context.moveTo(place(Math.max(0, view.left), left), place(at, top));
      context.lineTo(place(right, left), place(at, top));
    }
    context.lineWidth = ratio;
    for (const [colour, dash] of GRID) {
      context.strokeStyle = colour;
      context.setLineDash(dash.map((length) => length * ratio));
      context.stroke();
    }
    context.setLineDash([]);
  }

  #drawRegions() {
    if (!this.grouped) this.#group();
    const context = this.regionContext;
    const ratio = this.ratio;
    const { left, top, scale } = this.viewport;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.regionCanvas.width, this.regionCanvas.height);
    if (this.showGrid) this.#drawGrid();
    const view = this.viewport.window;
    const shown = this.groups.map((group) => visible(group, view));
    const count = shown.reduce((sum, list) => sum + list.length, 0);
    if (this.sheet) this.#bitmap(this.sheet);
    this.groups.forEach((group, index) => {
      const { faint = false } = group.layer;
      const full = faint ? FAINT : 1;
      const filled = count <= FILLS_UP_TO && !faint;
      context.lineWidth = faint ? FAINT_WIDTH * ratio : Math.max(1, Math.round((count > FILLS_UP_TO ? 1 : 2) * ratio));
      context.globalAlpha = full;
      context.strokeStyle = group.colour;
      context.fillStyle = group.colour;
      context.setLineDash((group.layer.dash ?? []).map((part) => part * ratio));
      for (const at of /** @type {number[]} */ (shown[index])) {
        const bitmap = group.kinds[at]?.bitmap;
        if (bitmap) {
          if (group.layer.live) this.#bitmap(bitmap(group.shapes[at], group.colour));
          continue;
        }
        if (!group.upright[at]) {
          this.#outline(group, at, filled);
          continue;
        }
        const edges = group.edges;
        const x = Math.round((/** @type {number} */ (edges[at * 4]) * scale + left) * ratio);
        const y = Math.round((/** @type {number} */ (edges[at * 4 + 1]) * scale + top) * ratio);
        const right = Math.round((/** @type {number} */ (edges[at * 4 + 2]) * scale + left) * ratio);
        const bottom = Math.round((/** @type {number} */ (edges[at * 4 + 3]) * scale + top) * ratio);
        if (filled) {
          context.globalAlpha = 0.1;
          context.fillRect(x, y, right - x, bottom - y);
          context.globalAlpha = 0.35;
          context.strokeStyle = "#000";
          context.strokeRect(x - ratio, y - ratio, right - x + 2 * ratio, bottom - y + 2 * ratio);
          context.strokeStyle = group.colour;
          context.globalAlpha = 1;
        }
        context.strokeRect(x, y, right - x, bottom - y);
      }
    });
    context.globalAlpha = 1;
    context.setLineDash([]);
    const named = this.showNames && count <= NAMES_UP_TO;
    if (named) this.#drawNames(shown);
    drawArrows(context, this.arrows(), this.viewport, ratio, named);
  }

  /** @param {Bitmap} bitmap */
  #bitmap(bitmap) {
    this.regionContext.imageSmoothingEnabled = this.viewport.scale * this.ratio < SMOOTH_BELOW;
    drawBitmap(this.regionContext, bitmap, this.viewport, this.ratio);
  }

  /** @param {Group} group @param {number} at @param {boolean} filled */
  #outline(group, at, filled) {
    const context = this.regionContext;
    const kind = /** @type {Drawing} */ (group.kinds[at]);
    context.beginPath();
    kind.trace(group.shapes[at], this.pen);
    if (filled) {
      context.globalAlpha = 0.1;
      if (!kind.unfilled) context.fill("evenodd");
      context.globalAlpha = 0.35;
      const width = context.lineWidth;
      context.lineWidth = width + 2 * this.ratio;
      context.strokeStyle = "#000";
      context.stroke();
      context.lineWidth = width;
      context.strokeStyle = group.colour;
      context.globalAlpha = 1;
    }
    context.stroke();
  }

  /** @param {number[][]} shown */
  #drawNames(shown) {
    const context = this.regionContext;
    const ratio = this.ratio;
    const { left, top, scale } = this.viewport;
    const height = 16 * ratio;
    context.font = `600 ${11 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    this.groups.forEach((group, index) => {
      const { name, below = false } = group.layer;
      for (const at of /** @type {number[]} */ (shown[index])) {
        const across = /** @type {number} */ (group.edges[at * 4 + 2]) - /** @type {number} */ (group.edges[at * 4]);
        const tall = /** @type {number} */ (group.edges[at * 4 + 3]) - /** @type {number} */ (group.edges[at * 4 + 1]);
        const isDot = !across && !tall;
        const span = group.kinds[at]?.unfilled ? Math.max(across, tall) : across;
        const text = isDot || span * scale >= NAMED_FROM ? name(group.shapes[at]) : "";
        if (!text) continue;
        const x = Math.round((/** @type {number} */ (group.edges[at * 4]) * scale + left) * ratio);
        const aside = isDot ? Math.round((DOT_RADIUS + DOT_NAME_GAP) * ratio) : 0;
        const edge = Math.round((/** @type {number} */ (group.edges[at * 4 + (below ? 3 : 1)]) * scale + top) * ratio);
        const above = edge - aside - height;
        const y = below ? Math.min(edge + aside, this.regionCanvas.height - height) : above >= 0 ? above : edge + aside;
        const width = widthOf(context, text) + 8 * ratio;
        context.fillStyle = group.colour;
        context.fillRect(x - ratio, y, width, height);
        context.fillStyle = inkOn(group.colour);
        context.fillText(text, x + 3 * ratio, y + height / 2 + ratio * 0.5);
      }
    });
  }
}

/** @param {Group} group @param {{left: number, top: number, right: number, bottom: number}} view @returns {number[]} */
function visible(group, view) {
  const found = [];
  const edges = group.edges;
  for (let at = 0; at < group.shapes.length; at += 1) {
    if (/** @type {number} */ (edges[at * 4]) > view.right || /** @type {number} */ (edges[at * 4 + 2]) < view.left) continue;
    if (/** @type {number} */ (edges[at * 4 + 1]) > view.bottom || /** @type {number} */ (edges[at * 4 + 3]) < view.top)
      continue;
    found.push(at);
  }
  return found;
}

/**
 * The distance between the lines of a grid: 1, 2 or 5 pixels of the image, or a power of ten times that.
 * @param {number} scale CSS pixels an image pixel
 */
export function gridStep(scale) {
  const least = GRID_FROM / scale;
  const ten = 10 ** Math.max(0, Math.floor(Math.log10(least)));
  return [1, 2, 5, 10].map((times) => times * ten).find((step) => step >= least) ?? 10 * ten;
}
