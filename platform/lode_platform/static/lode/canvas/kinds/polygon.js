// @ts-check
/** Polygons: closed outlines of three points or more, filled by the even-odd rule where they cross. */

import { ngettext } from "../../words.js";
import { around } from "../geometry.js";
import { away, edges, pointsOf, traceLine } from "./points.js";

/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {{points: readonly Point[], more?: readonly (readonly Point[])[], open?: boolean}} Polygon `more`: the rings of its other parts and of its holes; `open` while it is being drawn */

const FEWEST = 3;

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

/** @type {import("./index.js").Drawing<Polygon>} */
export const polygon = {
  name: "polygon",
  read(geometry) {
    // Parts of rings of points, the first ring of a part its outline and the others its holes.
    if (!Array.isArray(geometry) || !geometry.every(Array.isArray)) return null;
    const rings = geometry.flat().map((ring) => pointsOf(ring, FEWEST));
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
      traceLine(ring, pen);
      if (!region.open) pen.closePath();
    }
  },
  measure(region) {
    const count = ringsOf(region).reduce((sum, ring) => sum + ring.length, 0);
    return ngettext("{n} point", "{n} points", count);
  },
};
