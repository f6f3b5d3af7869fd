// @ts-check
/** Polygons: closed outlines of three points or more, filled by the even-odd rule where they cross. */

import { ngettext } from "../../words.js";
import { around } from "../geometry.js";

/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {{points: readonly Point[], more?: readonly (readonly Point[])[], open?: boolean}} Polygon `more`: the rings of its other parts and of its holes; `open` while it is being drawn */

const FEWEST = 3;

/** @param {Point} a @param {Point} b @returns {number} */
export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/**
 * The edges, each from a point to the next, the last one back to the first.
 * @param {readonly Point[]} points
 * @returns {[Point, Point][]}
 */
export function edges(points) {
  return points.map((point, at) => [point, /** @type {Point} */ (points[(at + 1) % points.length])]);
}

/** @param {Point} point @param {[Point, Point]} edge @returns {number} how far the point lies from the edge */
export function away(point, [a, b]) {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const part = length ? Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length)) : 0;
  return distance(point, { x: a.x + part * dx, y: a.y + part * dy });
}

/** @param {readonly Point[]} points @param {Point} point @returns {boolean} by the even-odd rule */
export function isInside(points, point) {
  let inside = false;
  for (const [a, b] of edges(points)) {
    if (a.y > point.y === b.y > point.y) continue;
    if (point.x < a.x + ((point.y - a.y) / (b.y - a.y)) * (b.x - a.x)) inside = !inside;
  }
  return inside;
}

/** @param {readonly Point[]} points @returns {number} in square pixels */
export function areaOf(points) {
  return Math.abs(edges(points).reduce((sum, [a, b]) => sum + a.x * b.y - b.x * a.y, 0)) / 2;
}

/** @param {Polygon} region @returns {readonly (readonly Point[])[]} */
function ringsOf({ points, more }) {
  return more ? [points, ...more] : [points];
}

/** @param {unknown} ring points as pairs of numbers @returns {Point[]|null} null where it is not a ring */
function ringOf(ring) {
  if (!Array.isArray(ring) || ring.length < FEWEST) return null;
  if (!ring.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite))) return null;
  return ring.map(([x, y]) => ({ x, y }));
}

/** @type {import("./index.js").Drawing<Polygon>} */
export const polygon = {
  name: "polygon",
  read(geometry) {
    // Parts of rings of points, the first ring of a part its outline and the others its holes.
    if (!Array.isArray(geometry) || !geometry.every(Array.isArray)) return null;
    const rings = geometry.flat().map(ringOf);
    const [points, ...more] = rings;
    if (!points || rings.includes(null)) return null;
    return more.length ? { points, more: /** @type {Point[][]} */ (more) } : { points };
  },
  bounds: (region) => around(region.more ? ringsOf(region).flat() : region.points),
  area: (region) => ringsOf(region).reduce((sum, ring) => sum + areaOf(ring), 0),
  upright: () => false,
  hit: (region, point, margin) =>
    ringsOf(region).reduce((inside, ring) => isInside(ring, point) !== inside, false) ||
    ringsOf(region).some((ring) => edges(ring).some((edge) => away(point, edge) <= margin)),
  trace(region, pen) {
    for (const ring of ringsOf(region)) {
      ring.forEach(({ x, y }, at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      if (!region.open) pen.closePath();
    }
  },
  measure(region) {
    const count = ringsOf(region).reduce((sum, ring) => sum + ring.length, 0);
    return ngettext("{n} point", "{n} points", count);
  },
};
