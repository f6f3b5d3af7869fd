// @ts-check
/** Plane geometry of boxes in image pixels; pure. */

/** @typedef {import("./model/types.js").Box} Box */
/** @typedef {import("./model/types.js").Bounds} Bounds */
/** @typedef {import("./model/types.js").Point} Point */
/** @typedef {"nw"|"n"|"ne"|"e"|"se"|"s"|"sw"|"w"} Handle */

/** The eight handles, with the part of the box each of them moves: -1 the near edge, 1 the far edge, 0 neither. */
export const HANDLES = /** @type {const} */ ({
  nw: [-1, -1],
  n: [0, -1],
  ne: [1, -1],
  e: [1, 0],
  se: [1, 1],
  s: [0, 1],
  sw: [-1, 1],
  w: [-1, 0],
});

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
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
  if (!box.rotation) {
    return { left: box.x, top: box.y, right: box.x + box.width, bottom: box.y + box.height };
  }
  const points = corners(box);
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
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

/**
 * The box spanned by two opposite corners, within the image.
 * @param {Point} a
 * @param {Point} b
 * @param {{width: number, height: number}} image
 * @returns {Box}
 */
export function span(a, b, image) {
  const left = clamp(Math.min(a.x, b.x), 0, image.width);
  const top = clamp(Math.min(a.y, b.y), 0, image.height);
  const right = clamp(Math.max(a.x, b.x), 0, image.width);
  const bottom = clamp(Math.max(a.y, b.y), 0, image.height);
  return { x: left, y: top, width: right - left, height: bottom - top, rotation: 0 };
}

/**
 * The box moved by (dx, dy), stopped at the image's edge. A box that already crosses the edge may stay where it is,
 * but is not pushed further out.
 * @template {Box} T
 * @param {T} box
 * @param {number} dx
 * @param {number} dy
 * @param {{width: number, height: number}} image
 * @returns {T}
 */
export function move(box, dx, dy, image) {
  const edge = bounds(box);
  const x = clamp(dx, Math.min(0, -edge.left), Math.max(0, image.width - edge.right));
  const y = clamp(dy, Math.min(0, -edge.top), Math.max(0, image.height - edge.bottom));
  return { ...box, x: box.x + x, y: box.y + y };
}

/**
 * The box with one handle dragged to a point; the opposite side stays where it is. Turned boxes are resized in their own
 * frame. Dragging past the opposite side turns the box over.
 * @template {Box} T
 * @param {T} box
 * @param {Handle} handle
 * @param {Point} to
 * @param {{width: number, height: number}} image
 * @param {number} [smallest] least side, in pixels
 * @returns {T}
 */
export function resize(box, handle, to, image, smallest = 1) {
  const target = box.rotation ? to : { x: clamp(to.x, 0, image.width), y: clamp(to.y, 0, image.height) };
  const point = toFrame(box, target);
  const [sideX, sideY] = HANDLES[handle];
  const [u0, u1] = dragSide(sideX, box.width, point.x, smallest);
  const [v0, v1] = dragSide(sideY, box.height, point.y, smallest);
  const corner = rotate({ x: u0, y: v0 }, box.rotation);
  return { ...box, x: box.x + corner.x, y: box.y + corner.y, width: u1 - u0, height: v1 - v0 };
}

/**
 * @param {-1|0|1} side
 * @param {number} length
 * @param {number} at
 * @param {number} smallest
 * @returns {[number, number]}
 */
function dragSide(side, length, at, smallest) {
  if (side === 0) return [0, length];
  const fixed = side === 1 ? 0 : length;
  const low = Math.min(fixed, at);
  const high = Math.max(fixed, at);
  if (high - low >= smallest) return [low, high];
  return at < fixed ? [fixed - smallest, fixed] : [fixed, fixed + smallest];
}

/**
 * Where a handle of the box lies, in image pixels.
 * @param {Box} box
 * @param {Handle} handle
 * @returns {Point}
 */
export function handlePoint(box, handle) {
  const [sideX, sideY] = HANDLES[handle];
  const turned = rotate({ x: ((sideX + 1) / 2) * box.width, y: ((sideY + 1) / 2) * box.height }, box.rotation);
  return { x: box.x + turned.x, y: box.y + turned.y };
}

/**
 * Do two bounds share a point?
 * @param {Bounds} a
 * @param {Bounds} b
 */
export function meet(a, b) {
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}
