// @ts-check
/** Plane geometry in image pixels, for any kind of shape; pure. */

/** @typedef {{left: number, top: number, right: number, bottom: number}} Bounds */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {{width: number, height: number}} Size */

/** How near to a region a press must come, in CSS pixels. */
export const REACH = 3;
/** The same for the middle of a dot, and the dot's radius: it is as large at every zoom. */
export const DOT_REACH = 8;
export const DOT_RADIUS = 4.5;

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** The point of the image nearest to one that may lie outside. @param {Point} point @param {Size} image @returns {Point} */
export function within(point, image) {
  return { x: clamp(point.x, 0, image.width), y: clamp(point.y, 0, image.height) };
}

/**
 * @param {Point} point
 * @param {number} degrees clockwise, y pointing down
 * @returns {Point}
 */
export function rotate(point, degrees) {
  if (!degrees) return point;
  const angle = (degrees * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return { x: point.x * cos - point.y * sin, y: point.x * sin + point.y * cos };
}

/** The bounds of some points, at least one. @param {readonly Point[]} points @returns {Bounds} */
export function around(points) {
  const edge = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const { x, y } of points) {
    if (x < edge.left) edge.left = x;
    if (x > edge.right) edge.right = x;
    if (y < edge.top) edge.top = y;
    if (y > edge.bottom) edge.bottom = y;
  }
  return edge;
}

/** The bounds of all. @param {readonly Bounds[]} all at least one @returns {Bounds} */
export function union(all) {
  return around(all.flatMap(({ left, top, right, bottom }) => [{ x: left, y: top }, { x: right, y: bottom }]));
}

/**
 * The part of the image between two opposite corners.
 * @param {Point} a
 * @param {Point} b
 * @param {Size} image
 * @returns {Bounds}
 */
export function span(a, b, image) {
  return around([within(a, image), within(b, image)]);
}

/**
 * How far something may be moved, stopped at the image's edge. What already crosses the edge may stay where it is, but is
 * not pushed further out.
 * @param {Bounds} edge
 * @param {number} dx
 * @param {number} dy
 * @param {Size} image
 * @returns {Point}
 */
export function step(edge, dx, dy, image) {
  return {
    x: clamp(dx, Math.min(0, -edge.left), Math.max(0, image.width - edge.right)),
    y: clamp(dy, Math.min(0, -edge.top), Math.max(0, image.height - edge.bottom)),
  };
}

/**
 * The line between two discs, from rim to rim.
 * @param {Point} a the middle of one
 * @param {Point} b the middle of the other
 * @param {number} radius of both
 * @returns {[Point, Point]|null} null where the discs meet
 */
export function apart(a, b, radius) {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length <= 2 * radius) return null;
  const part = { x: ((b.x - a.x) * radius) / length, y: ((b.y - a.y) * radius) / length };
  return [{ x: a.x + part.x, y: a.y + part.y }, { x: b.x - part.x, y: b.y - part.y }];
}

/** How far a point lies from the middle of some bounds. @param {Bounds} edge @param {Point} point @returns {number} */
export function fromMiddle(edge, point) {
  return Math.hypot((edge.left + edge.right) / 2 - point.x, (edge.top + edge.bottom) / 2 - point.y);
}

/**
 * Do two bounds share a point?
 * @param {Bounds} a
 * @param {Bounds} b
 */
export function meet(a, b) {
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}
