// @ts-check
/** Boxes: four sides, which may be turned. `x`, `y` are the top-left corner before the turn, which is about that corner. */

import { around, rotate } from "../geometry.js";

/** @typedef {import("../geometry.js").Bounds} Bounds */
/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {{x: number, y: number, width: number, height: number, rotation: number}} Box `rotation` in clockwise degrees */

/**
 * The box's corners, clockwise from its own top-left.
 * @param {Box} box
 * @returns {[Point, Point, Point, Point]}
 */
export function corners(box) {
  const place = (/** @type {number} */ u, /** @type {number} */ v) => {
    const turned = rotate({ x: u, y: v }, box.rotation);
    return { x: box.x + turned.x, y: box.y + turned.y };
  };
  return [place(0, 0), place(box.width, 0), place(box.width, box.height), place(0, box.height)];
}

/**
 * @param {Box} box
 * @returns {Bounds}
 */
export function bounds(box) {
  if (box.rotation) return around(corners(box));
  return { left: box.x, top: box.y, right: box.x + box.width, bottom: box.y + box.height };
}

/** @param {Bounds} part @returns {Box} */
export function boxOf({ left, top, right, bottom }) {
  return { x: left, y: top, width: right - left, height: bottom - top, rotation: 0 };
}

/**
 * A point of the image in the box's own frame, where its corner is the origin and its sides lie on the axes.
 * @param {Box} box
 * @param {Point} point
 * @returns {Point}
 */
export function toFrame(box, point) {
  return rotate({ x: point.x - box.x, y: point.y - box.y }, -box.rotation);
}

/**
 * @param {Box} box
 * @param {Point} point
 * @param {number} [margin] pixels by which the box is grown on each side
 */
export function contains(box, point, margin = 0) {
  const inside = toFrame(box, point);
  return (
    inside.x >= -margin &&
    inside.y >= -margin &&
    inside.x <= box.width + margin &&
    inside.y <= box.height + margin
  );
}

/** @type {import("./index.js").Drawing<Box>} */
export const box = {
  name: "box",
  read(geometry) {
    if (!Array.isArray(geometry) || geometry.length !== 4 || !geometry.every(Number.isFinite)) return null;
    const [left, top, right, bottom] = /** @type {[number, number, number, number]} */ (geometry);
    return boxOf({ left, top, right, bottom });
  },
  bounds,
  area: (region) => region.width * region.height,
  upright: (region) => region.rotation === 0,
  hit: contains,
  trace(region, pen) {
    corners(region).forEach(({ x, y }, at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
  },
  measure({ width, height, rotation }) {
    const size = `${Math.round(width)} × ${Math.round(height)}`;
    return rotation ? `${size}, ${Math.round(rotation * 10) / 10}°` : size;
  },
};
