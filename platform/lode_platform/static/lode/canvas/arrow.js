// @ts-check
/** Arrows from one region to another: where they begin and end, and how they are drawn. */

import { inkOn, widthOf } from "./ink.js";

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {{from: Bounds, to: Bounds, colour: string, name: string, both: boolean}} Arrow between two bounds in image pixels; `both`: with two heads */

/** How long the strokes of a head are, and how far they stand apart from the line, in CSS pixels. */
const HEAD = 11;
const SPREAD = 5;
/** The length from which an arrow is named, in CSS pixels. */
const NAMED_FROM = 40;

/**
 * The two ends of an arrow: on the bounds' edges, on the line between their middles. One that lies within the other is
 * linked with the other's middle.
 * @param {Bounds} from
 * @param {Bounds} to
 * @returns {[Point, Point]}
 */
export function endsOf(from, to) {
  const [a, b] = [middle(from), middle(to)];
  return [leaving(from, a, b), leaving(to, b, a)];
}

/** Where the way from the middle of some bounds to a point leaves them; the middle, where the point lies within. @param {Bounds} edge @param {Point} start @param {Point} end @returns {Point} */
function leaving(edge, start, end) {
  const dx = end.x - start.x;
  const dy = end.y - start.y;
  const across = dx ? (edge.right - edge.left) / 2 / Math.abs(dx) : Infinity;
  const down = dy ? (edge.bottom - edge.top) / 2 / Math.abs(dy) : Infinity;
  const part = Math.min(across, down);
  return part < 1 ? { x: start.x + dx * part, y: start.y + dy * part } : start;
}

/** @param {Bounds} edge @returns {Point} */
function middle(edge) {
  return { x: (edge.left + edge.right) / 2, y: (edge.top + edge.bottom) / 2 };
}

/**
 * An arrow as the `d` of a path.
 * @param {Point} start
 * @param {Point} end
 * @param {boolean} both
 * @param {number} [unit] a CSS pixel in the units of the points
 */
export function arrowPath(start, end, both, unit = 1) {
  return `M${at(start.x, start.y)}L${at(end.x, end.y)}${headAt(start, end, unit)}${both ? headAt(end, start, unit) : ""}`;
}

/** @param {Point} from @param {Point} tip @param {number} unit */
function headAt(from, tip, unit) {
  const length = Math.hypot(tip.x - from.x, tip.y - from.y);
  if (!length) return "";
  const along = { x: ((tip.x - from.x) / length) * unit, y: ((tip.y - from.y) / length) * unit };
  const back = { x: tip.x - along.x * HEAD, y: tip.y - along.y * HEAD };
  const [left, right] = [1, -1].map((side) => at(back.x + along.y * SPREAD * side, back.y - along.x * SPREAD * side));
  return `M${left}L${at(tip.x, tip.y)}L${right}`;
}

/** @param {number} x @param {number} y */
function at(x, y) {
  return `${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100}`;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {readonly Arrow[]} arrows
 * @param {import("./viewport.js").Viewport} viewport
 * @param {number} ratio pixels of the canvas a CSS pixel
 * @param {boolean} named
 */
export function drawArrows(context, arrows, viewport, ratio, named) {
  const place = (/** @type {Point} */ point) => {
    const { x, y } = viewport.toStage(point);
    return { x: x * ratio, y: y * ratio };
  };
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const { from, to, colour, name, both } of arrows) {
    const [start, end] = /** @type {[Point, Point]} */ (endsOf(from, to).map(place));
    const path = new Path2D(arrowPath(start, end, both, ratio));
    context.strokeStyle = "rgb(0 0 0 / 45%)";
    context.lineWidth = 4 * ratio;
    context.stroke(path);
    context.strokeStyle = colour;
    context.lineWidth = 2 * ratio;
    context.stroke(path);
    if (named && name && Math.hypot(end.x - start.x, end.y - start.y) >= NAMED_FROM * ratio) drawName(context, start, end, name, colour, ratio);
  }
  context.lineCap = "butt";
  context.lineJoin = "miter";
}

/** In the middle of its arrow. @param {CanvasRenderingContext2D} context @param {Point} start @param {Point} end @param {string} name @param {string} colour @param {number} ratio */
function drawName(context, start, end, name, colour, ratio) {
  context.font = `600 ${11 * ratio}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const width = widthOf(context, name) + 8 * ratio;
  const height = 16 * ratio;
  const x = Math.round((start.x + end.x - width) / 2);
  const y = Math.round((start.y + end.y - height) / 2);
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
  context.fillStyle = inkOn(colour);
  context.fillText(name, x + 4 * ratio, y + height / 2 + ratio * 0.5);
}
