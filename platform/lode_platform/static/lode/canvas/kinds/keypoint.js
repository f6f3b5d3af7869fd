// @ts-check
/** Keypoints: single points, drawn as dots that are as large at every zoom. */

import { DOT_REACH, REACH } from "../geometry.js";

/** @typedef {import("../geometry.js").Point} Point */

/** @type {import("./index.js").Drawing<Point>} */
export const keypoint = {
  name: "keypoint",
  read(geometry) {
    if (!Array.isArray(geometry) || geometry.length !== 2 || !geometry.every(Number.isFinite)) return null;
    const [x, y] = /** @type {[number, number]} */ (geometry);
    return { x, y };
  },
  bounds: ({ x, y }) => ({ left: x, top: y, right: x, bottom: y }),
  area: () => 0,
  upright: () => false,
  hit: ({ x, y }, point, margin) => Math.hypot(point.x - x, point.y - y) <= (margin / REACH) * DOT_REACH,
  trace: ({ x, y }, pen) => pen.dot(x, y),
  measure: ({ x, y }) => `${Math.round(x)}, ${Math.round(y)}`,
};
