// @ts-check
/** Boxes: four sides, which may be turned. `x`, `y` are the top-left corner before the turn, which is about that corner. */

import { gettext } from "../../lode/words.js";
import { around, clamp, rotate, span, step } from "../geometry.js";

/** @typedef {import("../model/types.js").Bounds} Bounds */
/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Size} Size */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {{x: number, y: number, width: number, height: number, rotation: number}} Box `rotation` in clockwise degrees */
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
const SMALLEST_ON_SCREEN = 4;

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
function boxOf({ left, top, right, bottom }) {
  return { x: left, y: top, width: right - left, height: bottom - top, rotation: 0 };
}

/**
 * A point of the image in the box's own frame, where its corner is the origin and its sides lie on the axes.
 * @param {Box} box
 * @param {Point} point
 * @returns {Point}
 */
function toFrame(box, point) {
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

/**
 * Draw boxes. While armed it always draws, whatever lies below; Alt selects through.
 * @type {import("./index.js").Shape<BoxRegion>["tool"]}
 */
function tool(stage, ink, drawn) {
  const { overlay } = stage;
  let drawing = false;

  /** @param {Press} press */
  function drag(press) {
    if (!drawing) return hover(press);
    const held = ink();
    if (!held) return;
    const part = span(press.from.image, press.image, stage.size);
    overlay.draft = { shape: { kind: "box", ...boxOf(part) }, ...held };
    overlay.crosshair(press.stage);
    overlay.invalidate();
  }

  /** @param {Press} press */
  function up(press) {
    const made = /** @type {Box|undefined} */ (/** @type {unknown} */ (overlay.draft?.shape));
    rest();
    overlay.crosshair(press.stage);
    if (!made) return;
    const { x, y, width, height, rotation } = made;
    const across = Math.max(width, height) * stage.viewport.scale;
    if (across >= SMALLEST_ON_SCREEN && width > 0 && height > 0) drawn({ x, y, width, height, rotation });
  }

  function rest() {
    drawing = false;
    overlay.draft = null;
    overlay.invalidate();
  }

  /** @param {Press} press */
  function hover(press) {
    stage.cursor("crosshair");
    overlay.crosshair(press.stage);
  }

  function cancel() {
    rest();
    overlay.crosshair(null);
  }

  return { id: "box", draws: true, down: () => (drawing = true), move: drag, up, cancel, hover };
}

/** @type {import("./index.js").Shape<BoxRegion>} */
export const box = {
  name: "box",
  drawn: true,
  result: "rectanglelabels",
  control: "RectangleLabels",
  icon: "M5 6h14v12H5zM3.5 4.5h3v3h-3zM17.5 4.5h3v3h-3zM3.5 16.5h3v3h-3zM17.5 16.5h3v3h-3z",
  key: "b",
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
  bounds,
  area: (region) => region.width * region.height,
  upright: (region) => region.rotation === 0,
  hit: contains,
  trace(region, pen) {
    corners(region).forEach(({ x, y }, at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
  },
  measure: (region) => `${Math.round(region.width)} × ${Math.round(region.height)}`,
  differs: (was, is) => SIDES.some((side) => Math.abs(was[side] - is[side]) > STILL),
  move,
  handles: (region) =>
    /** @type {HandleName[]} */ (Object.keys(HANDLES)).map((name) => ({
      name,
      ...handlePoint(region, name),
      cursor: HANDLES[name][2],
    })),
  drag: (region, handle, to, image) => resize(region, /** @type {HandleName} */ (handle), to, image),
  grow(region, dx, dy, image) {
    const plain = { ...region, rotation: 0 };
    const edge = bounds(plain);
    return { ...resize(plain, "se", { x: edge.right + dx, y: edge.bottom + dy }, image), rotation: region.rotation };
  },
  place: boxOf,
  tool,
};
