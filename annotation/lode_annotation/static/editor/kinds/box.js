// @ts-check
/** Boxes, edited: dragged by sides and corners, turned by a handle above them, drawn with one drag. */

import { clamp, rotate, span, step } from "../../lode/canvas/geometry.js";
import { box as drawing, bounds, boxOf, corners, toFrame } from "../../lode/canvas/kinds/box.js";
import { edges } from "../../lode/canvas/kinds/points.js";
import { gettext } from "../../lode/words.js";
import { dragTool } from "./drag.js";

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Size} Size */
/** @typedef {import("../../lode/canvas/kinds/box.js").Box} Box */
/** @typedef {import("../model/types.js").Region & Box} BoxRegion */

/** The handles: the part of the box that each moves (-1 the near edge, 1 the far edge, 0 neither) and its cursor. */
const HANDLES = /** @type {const} */ ({
  nw: [-1, -1, "nwse-resize"],
  n: [0, -1, "ns-resize"],
  ne: [1, -1, "nesw-resize"],
  e: [1, 0, "ew-resize"],
  se: [1, 1, "nwse-resize"],
  s: [0, 1, "ns-resize"],
  sw: [-1, 1, "nesw-resize"],
  w: [-1, 0, "ew-resize"],
});
/** @typedef {keyof typeof HANDLES} HandleName */

/** Percent come and go through floats: this much of a pixel does not count as a move. */
const STILL = 0.01;
const SIDES = /** @type {const} */ (["x", "y", "width", "height", "rotation"]);
/** The handle that turns a box, and how far from its side it stands, in CSS pixels. */
const TURN = "turn";
const TURN_AWAY = 24;
/** Degrees by which a hand may miss a right angle. */
const SQUARE = 1;

/**
 * The box moved by (dx, dy), stopped at the image's edge.
 * @template {Box} T
 * @param {T} box
 * @param {number} dx
 * @param {number} dy
 * @param {Size} image
 * @returns {T}
 */
export function move(box, dx, dy, image) {
  const by = step(bounds(box), dx, dy, image);
  return { ...box, x: box.x + by.x, y: box.y + by.y };
}

/**
 * The box with one handle dragged to a point; the opposite side stays where it is. Turned boxes are resized in their own
 * frame. Dragging past the opposite side turns the box over.
 * @template {Box} T
 * @param {T} box
 * @param {HandleName} handle
 * @param {Point} to
 * @param {Size} image
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
 * @param {HandleName} handle
 * @returns {Point}
 */
export function handlePoint(box, handle) {
  const [sideX, sideY] = HANDLES[handle];
  const turned = rotate({ x: ((sideX + 1) / 2) * box.width, y: ((sideY + 1) / 2) * box.height }, box.rotation);
  return { x: box.x + turned.x, y: box.y + turned.y };
}

/** @param {Box} box @returns {Point} */
function centreOf(box) {
  const half = rotate({ x: box.width / 2, y: box.height / 2 }, box.rotation);
  return { x: box.x + half.x, y: box.y + half.y };
}

/** @param {Point} point @param {Size} image */
function isOn({ x, y }, image) {
  return x >= 0 && y >= 0 && x <= image.width && y <= image.height;
}

/**
 * The box turned about its centre until it stands at so many degrees, clockwise. An upright one lies within the image.
 * @template {Box} T
 * @param {T} box
 * @param {number} degrees
 * @param {Size} image
 * @returns {T}
 */
export function turnedTo(box, degrees, image) {
  const rotation = ((degrees % 360) + 360) % 360;
  const centre = centreOf(box);
  const half = rotate({ x: box.width / 2, y: box.height / 2 }, rotation);
  const turned = { ...box, x: centre.x - half.x, y: centre.y - half.y, rotation };
  if (rotation) return turned;
  const width = Math.min(box.width, image.width);
  const height = Math.min(box.height, image.height);
  return { ...turned, x: clamp(turned.x, 0, image.width - width), y: clamp(turned.y, 0, image.height - height), width, height };
}

/**
 * The box as the handle above it is dragged to a point; near a right angle it stands at that.
 * @template {Box} T
 * @param {T} box
 * @param {Point} to
 * @param {Size} image
 * @returns {T}
 */
function turnedTowards(box, to, image) {
  const centre = centreOf(box);
  const degrees = (Math.atan2(to.y - centre.y, to.x - centre.x) * 180) / Math.PI + 90;
  const right = Math.round(degrees / 90) * 90;
  return turnedTo(box, Math.abs(degrees - right) <= SQUARE ? right : degrees, image);
}

/**
 * Where the handle stands that turns the box.
 * @param {Box} box
 * @param {number} scale CSS pixels of an image pixel
 * @returns {Point}
 */
function turnPoint(box, scale) {
  const above = rotate({ x: box.width / 2, y: -TURN_AWAY / scale }, box.rotation);
  return { x: box.x + above.x, y: box.y + above.y };
}

/** @type {import("./index.js").Shape<BoxRegion>} */
export const box = {
  ...drawing,
  drawn: true,
  result: "rectanglelabels",
  control: "RectangleLabels",
  icon: "M5 6h14v12H5zM3.5 4.5h3v3h-3zM17.5 4.5h3v3h-3zM3.5 16.5h3v3h-3zM17.5 16.5h3v3h-3z",
  key: "b",
  studioKey: "r",
  titles: () => ({
    many: gettext("boxes"),
    draw: gettext("Draw boxes"),
    place: gettext("Add a box in the middle of the view"),
  }),
  decode(value, size) {
    if (!["x", "y", "width", "height"].every((name) => typeof value[name] === "number")) return null;
    return {
      x: (value.x * size.width) / 100,
      y: (value.y * size.height) / 100,
      width: (value.width * size.width) / 100,
      height: (value.height * size.height) / 100,
      rotation: typeof value.rotation === "number" ? value.rotation : 0,
    };
  },
  encode: (region, size) => ({
    x: (region.x * 100) / size.width,
    y: (region.y * 100) / size.height,
    width: (region.width * 100) / size.width,
    height: (region.height * 100) / size.height,
    rotation: region.rotation,
  }),
  differs: (was, is) => SIDES.some((side) => Math.abs(was[side] - is[side]) > STILL),
  move,
  handles: (region, scale) => [
    .../** @type {HandleName[]} */ (Object.keys(HANDLES)).map((name) => ({
      name,
      ...handlePoint(region, name),
      cursor: HANDLES[name][2],
    })),
    { name: TURN, ...turnPoint(region, scale), cursor: "grab", round: true },
  ],
  drag: (region, handle, to, image) =>
    handle === TURN ? turnedTowards(region, to, image) : resize(region, /** @type {HandleName} */ (handle), to, image),
  turn: (region, degrees, image) => turnedTo(region, region.rotation + degrees, image),
  offers(region) {
    const points = corners(region);
    return { points, edges: edges(points) };
  },
  cut(region, image) {
    if (region.rotation) return isOn(centreOf(region), image) ? region : null;
    const edge = bounds(region);
    const part = span({ x: edge.left, y: edge.top }, { x: edge.right, y: edge.bottom }, image);
    return part.right > part.left && part.bottom > part.top ? { ...region, ...boxOf(part) } : null;
  },
  grow(region, dx, dy, image) {
    const plain = { ...region, rotation: 0 };
    const edge = bounds(plain);
    return { ...resize(plain, "se", { x: edge.right + dx, y: edge.bottom + dy }, image), rotation: region.rotation };
  },
  place: boxOf,
  tool: dragTool(drawing.name, boxOf),
};
