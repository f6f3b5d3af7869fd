// @ts-check
/** Outlines cut at the edge of a picture. */

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Size} Size */

/**
 * The part of a closed outline that lies on the picture, side by side of it (Sutherland and Hodgman).
 * @param {readonly Point[]} points
 * @param {Size} image
 * @returns {Point[]} none where nothing of it does
 */
export function cutOutline(points, image) {
  let left = [...points];
  left = cutSide(left, "x", 0, 1);
  left = cutSide(left, "x", image.width, -1);
  left = cutSide(left, "y", 0, 1);
  return cutSide(left, "y", image.height, -1);
}

/** @param {readonly Point[]} points @param {"x"|"y"} axis @param {number} at where the side lies @param {1|-1} way inwards */
function cutSide(points, axis, at, way) {
  /** @type {Point[]} */
  const left = [];
  points.forEach((point, n) => {
    const before = /** @type {Point} */ (points.at(n - 1));
    const isIn = (point[axis] - at) * way >= 0;
    if (isIn !== (before[axis] - at) * way >= 0) left.push(crossing(before, point, axis, at));
    if (isIn) left.push(point);
  });
  return left;
}

/** @param {Point} a @param {Point} b on the other side @param {"x"|"y"} axis @param {number} at @returns {Point} exactly on the side */
function crossing(a, b, axis, at) {
  const part = (at - a[axis]) / (b[axis] - a[axis]);
  const point = { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
  return { ...point, [axis]: at };
}
