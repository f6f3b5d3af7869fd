// @ts-check
/** Ellipses, edited: drawn with one drag, dragged by the ends of their axes, turned by the round handle. */

import { rotate, step } from "../../lode/canvas/geometry.js";
import { bounds, ellipse as drawing, fromFrame, toAxes } from "../../lode/canvas/kinds/ellipse.js";
import { gettext } from "../../lode/words.js";
import { dragTool } from "./drag.js";

/** @typedef {import("../model/types.js").Bounds} Bounds */
/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Size} Size */
/** @typedef {import("../../lode/canvas/kinds/ellipse.js").Ellipse} Ellipse */
/** @typedef {import("../model/types.js").Region & Ellipse} EllipseRegion */

/** The ends of the axes: their places in the ellipse's own frame. */
const ENDS = /** @type {const} */ ({ e: [1, 0], s: [0, 1], w: [-1, 0], n: [0, -1] });
/** @typedef {keyof typeof ENDS} End */
/** The handle that turns, at a corner of what the ellipse was drawn in. */
const TURN = "turn";
const CORNER = /** @type {const} */ ([1, -1]);
/** For directions in steps of 45 degrees, clockwise from the right. */
const CURSORS = /** @type {const} */ (["ew-resize", "nwse-resize", "ns-resize", "nesw-resize"]);

/** Percent come and go through floats: this much of a pixel does not count as a move. */
const STILL = 0.01;
const SMALLEST = 1;
const NUMBERS = /** @type {const} */ (["cx", "cy", "rx", "ry", "angle"]);
/** Halvings after which the place where an end stops at the image's edge is known to a float's digits. */
const HALVINGS = 40;
const SLACK = 1e-9;

/** @param {Bounds} part @returns {Ellipse} the one that fills it */
function within({ left, top, right, bottom }) {
  return { cx: (left + right) / 2, cy: (top + bottom) / 2, rx: (right - left) / 2, ry: (bottom - top) / 2, angle: 0 };
}

/** @param {Ellipse} ellipse @param {Size} image @returns {boolean} whether no part of it reaches over the image's edge */
function isInside(ellipse, image) {
  const edge = bounds(ellipse);
  return edge.left >= -SLACK && edge.top >= -SLACK && edge.right <= image.width + SLACK && edge.bottom <= image.height + SLACK;
}

/**
 * @template {Ellipse} T
 * @param {T} ellipse
 * @param {number} dx
 * @param {number} dy
 * @param {Size} image
 * @returns {T} moved, stopped at the image's edge
 */
function move(ellipse, dx, dy, image) {
  const by = step(bounds(ellipse), dx, dy, image);
  return { ...ellipse, cx: ellipse.cx + by.x, cy: ellipse.cy + by.y };
}

/**
 * One end of an axis moved outwards, the opposite end where it is; not past that, nor over the image's edge.
 * @template {Ellipse} T
 * @param {T} ellipse
 * @param {End} end
 * @param {number} by in pixels along the axis
 * @param {Size} image
 * @returns {T}
 */
function stretch(ellipse, end, by, image) {
  const [u, v] = ENDS[end];
  const least = SMALLEST / 2 - (u ? ellipse.rx : ellipse.ry);
  const stretched = (/** @type {number} */ half) => {
    const aside = rotate({ x: u * half, y: v * half }, ellipse.angle);
    const { cx, cy, rx, ry } = ellipse;
    return { ...ellipse, cx: cx + aside.x, cy: cy + aside.y, rx: rx + Math.abs(u) * half, ry: ry + Math.abs(v) * half };
  };
  const wanted = Math.max(by / 2, Math.min(least, 0));
  if (isInside(stretched(wanted), image) || !isInside(ellipse, image)) return stretched(wanted);
  let good = 0;
  let bad = wanted;
  for (let count = 0; count < HALVINGS; count += 1) {
    const middle = (good + bad) / 2;
    if (isInside(stretched(middle), image)) good = middle;
    else bad = middle;
  }
  return stretched(good);
}

/**
 * Turned so that the corner with the handle points at a place.
 * @template {Ellipse} T
 * @param {T} ellipse
 * @param {Point} to
 * @param {Size} image
 * @returns {T}
 */
function turnedTowards(ellipse, to, image) {
  const { cx, cy, rx, ry } = ellipse;
  if (to.x === cx && to.y === cy) return ellipse;
  const pointed = Math.atan2(to.y - cy, to.x - cx) - Math.atan2(CORNER[1] * ry, CORNER[0] * rx);
  return turnedTo(ellipse, (pointed * 180) / Math.PI, image);
}

/**
 * Turned to stand at so many degrees; moved inwards where it would reach over the image's edge, and left as it is where it
 * does not fit.
 * @template {Ellipse} T
 * @param {T} ellipse
 * @param {number} degrees clockwise
 * @param {Size} image
 * @returns {T}
 */
function turnedTo(ellipse, degrees, image) {
  const turned = { ...ellipse, angle: (degrees + 720) % 360 };
  if (isInside(turned, image) || !isInside(ellipse, image)) return turned;
  const edge = bounds(turned);
  const inwards = (/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ side) =>
    low < 0 ? -low : Math.min(0, side - high);
  const moved = {
    ...turned,
    cx: ellipse.cx + inwards(edge.left, edge.right, image.width),
    cy: ellipse.cy + inwards(edge.top, edge.bottom, image.height),
  };
  return isInside(moved, image) ? moved : ellipse;
}

/** @param {unknown} number @returns {number} */
function angleOf(number) {
  return typeof number === "number" ? number : 0;
}

/** @type {import("./index.js").Shape<EllipseRegion>} */
export const ellipse = {
  ...drawing,
  drawn: true,
  result: "ellipselabels",
  control: "EllipseLabels",
  icon: "M12 6c5.5 0 9 2.7 9 6s-3.5 6-9 6-9-2.7-9-6 3.5-6 9-6zM10.5 4.5h3v3h-3zM10.5 16.5h3v3h-3zM1.5 10.5h3v3h-3zM19.5 10.5h3v3h-3z",
  key: "q",
  studioKey: "o",
  titles: () => ({
    many: gettext("ellipses"),
    draw: gettext("Draw ellipses"),
    place: gettext("Add an ellipse in the middle of the view"),
  }),
  decode(value, size) {
    if (!["x", "y", "radiusX", "radiusY"].every((name) => typeof value[name] === "number")) return null;
    return {
      cx: (value.x * size.width) / 100,
      cy: (value.y * size.height) / 100,
      rx: (value.radiusX * size.width) / 100,
      ry: (value.radiusY * size.height) / 100,
      angle: angleOf(value.rotation),
    };
  },
  encode: (region, size) => ({
    x: (region.cx * 100) / size.width,
    y: (region.cy * 100) / size.height,
    radiusX: (region.rx * 100) / size.width,
    radiusY: (region.ry * 100) / size.height,
    rotation: region.angle,
  }),
  differs: (was, is) => NUMBERS.some((name) => Math.abs(was[name] - is[name]) > STILL),
  move,
  handles: (region) => [
    ...Object.entries(ENDS).map(([name, [u, v]], at) => ({
      name,
      ...fromFrame(region, u, v),
      cursor: /** @type {string} */ (CURSORS[(((at * 2 + Math.round(region.angle / 45)) % 4) + 4) % 4]),
    })),
    { name: TURN, ...fromFrame(region, ...CORNER), cursor: "grab", round: true },
  ],
  drag(region, handle, to, image) {
    if (handle === TURN) return turnedTowards(region, to, image);
    const end = /** @type {End} */ (handle);
    const [u, v] = ENDS[end];
    const at = toAxes(region, to);
    return stretch(region, end, u ? at.x * u - region.rx : at.y * v - region.ry, image);
  },
  turn: (region, degrees, image) => turnedTo(region, region.angle + degrees, image),
  grow: (region, dx, dy, image) => stretch(stretch(region, "e", dx, image), "s", dy, image),
  offers: (region) => ({ points: Object.values(ENDS).map(([u, v]) => fromFrame(region, u, v)), edges: [] }),
  place: within,
  tool: dragTool(drawing.name, within),
};
