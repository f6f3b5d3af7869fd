// @ts-check
/** What the kinds that are drawn point by point share: their points as they are published, their edges and distances. */

/** @typedef {import("../geometry.js").Point} Point */

/** @param {Point} a @param {Point} b @returns {number} */
export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/**
 * The edges, each from a point to the next; of a closed outline the last one back to the first.
 * @param {readonly Point[]} points
 * @param {boolean} [closed]
 * @returns {[Point, Point][]}
 */
export function edges(points, closed = true) {
  const from = closed ? points : points.slice(0, -1);
  return from.map((point, at) => [point, /** @type {Point} */ (points[(at + 1) % points.length])]);
}

/** @param {Point} point @param {readonly [Point, Point]} edge @returns {Point} the place on the edge that is nearest to the point */
export function nearestOn(point, [a, b]) {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const part = length ? Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length)) : 0;
  return { x: a.x + part * dx, y: a.y + part * dy };
}

/** @param {Point} point @param {readonly [Point, Point]} edge @returns {number} how far the point lies from the edge */
export function away(point, edge) {
  return distance(point, nearestOn(point, edge));
}

/** @param {unknown} list points as pairs of numbers @param {number} fewest @returns {Point[]|null} null where it is not that many */
export function pointsOf(list, fewest) {
  if (!Array.isArray(list) || list.length < fewest) return null;
  if (!list.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite))) return null;
  return list.map(([x, y]) => ({ x, y }));
}

/** @param {readonly Point[]} points @param {import("./index.js").Pen} pen */
export function traceLine(points, pen) {
  points.forEach(({ x, y }, at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
}
