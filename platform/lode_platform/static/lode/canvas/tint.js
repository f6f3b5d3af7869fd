// @ts-check
/** Masks as bitmaps in one colour, cut to their bounds: pale inside, and full along the edge. */

import { union } from "./geometry.js";
import { Pixels, boundsOf, eachRun } from "./mask.js";

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Mask} Mask */
/** @typedef {{source: CanvasImageSource, left: number, top: number, width: number, height: number}} Bitmap pixels of the image, one for one */

/** Alpha of 255, in the highest byte of a pixel. */
const INSIDE = 0x60000000;
const EDGE = 0xff000000;
/** The pixels of all bitmaps that are kept: 4 bytes each. */
const KEPT = 48 * 1024 * 1024;

/** By the runs of their masks, those used last at the end. @type {Map<Uint32Array, {colour: string, canvas: HTMLCanvasElement}>} */
const kept = new Map();
let total = 0;

/** @param {Mask} mask @param {string} colour @returns {Bitmap} */
export function bitmapOf(mask, colour) {
  const { left, top, width, height, runs } = mask;
  const known = kept.get(runs);
  if (known?.colour === colour) {
    kept.delete(runs);
    kept.set(runs, known);
    return { source: known.canvas, left, top, width, height };
  }
  if (known) forget(runs);
  const own = new Pixels(width, height);
  eachRun({ ...mask, left: 0, top: 0 }, (y, start, end) => own.data.fill(1, y * width + start, y * width + end));
  const canvas = tinted(own, boundsOf({ ...mask, left: 0, top: 0 }), colour);
  kept.set(runs, { colour, canvas });
  total += width * height;
  for (const oldest of kept.keys()) {
    if (total <= KEPT || oldest === runs) break;
    forget(oldest);
  }
  return { source: canvas, left, top, width, height };
}

/** @param {Uint32Array} runs */
function forget(runs) {
  const canvas = kept.get(runs)?.canvas;
  if (canvas) total -= canvas.width * canvas.height;
  kept.delete(runs);
}

/** A part of some pixels in a colour. @param {Pixels} pixels @param {Bounds} part whole numbers @param {string} colour @returns {HTMLCanvasElement} */
export function tinted(pixels, part, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = part.right - part.left;
  canvas.height = part.bottom - part.top;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(canvas.width, canvas.height);
  shade(pixels, part, new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

/** @param {Pixels} pixels @param {Bounds} part @param {Uint32Array} out a pixel of the part each */
function shade({ data, width, height }, part, out) {
  let to = 0;
  for (let y = part.top; y < part.bottom; y += 1) {
    const row = y * width;
    const isRim = y === 0 || y === height - 1;
    for (let x = part.left; x < part.right; x += 1, to += 1) {
      const at = row + x;
      if (!data[at]) continue;
      const isInside = !isRim && x > 0 && x < width - 1 && data[at - 1] && data[at + 1] && data[at - width] && data[at + width];
      out[to] = isInside ? INSIDE : EDGE;
    }
  }
}

/**
 * Several bitmaps as one, the first below the others.
 * @param {readonly {bitmap: Bitmap, opacity: number}[]} bitmaps
 * @returns {Bitmap|null} null for none
 */
export function sheetOf(bitmaps) {
  if (!bitmaps.length) return null;
  const edges = bitmaps.map(({ bitmap }) => boundsOf(bitmap));
  const { left, top, right, bottom } = union(edges);
  const source = document.createElement("canvas");
  source.width = right - left;
  source.height = bottom - top;
  const context = /** @type {CanvasRenderingContext2D} */ (source.getContext("2d"));
  for (const { bitmap, opacity } of bitmaps) {
    context.globalAlpha = opacity;
    context.drawImage(bitmap.source, bitmap.left - left, bitmap.top - top);
  }
  return { source, left, top, width: source.width, height: source.height };
}

/**
 * What is in sight of a bitmap.
 * @param {CanvasRenderingContext2D} context
 * @param {Bitmap} bitmap
 * @param {import("./viewport.js").Viewport} viewport
 * @param {number} ratio device pixels a CSS pixel
 */
export function drawBitmap(context, bitmap, { left, top, scale, window: view }, ratio) {
  const x0 = Math.max(0, Math.floor(view.left - bitmap.left));
  const y0 = Math.max(0, Math.floor(view.top - bitmap.top));
  const width = Math.min(bitmap.width, Math.ceil(view.right - bitmap.left)) - x0;
  const height = Math.min(bitmap.height, Math.ceil(view.bottom - bitmap.top)) - y0;
  if (width <= 0 || height <= 0) return;
  const x = ((bitmap.left + x0) * scale + left) * ratio;
  const y = ((bitmap.top + y0) * scale + top) * ratio;
  context.drawImage(bitmap.source, x0, y0, width, height, x, y, width * scale * ratio, height * scale * ratio);
}
