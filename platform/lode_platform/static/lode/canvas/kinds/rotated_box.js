// @ts-check
/** Rotated boxes, as labels are published; the editor has them as boxes, which it draws turned. */

import { rotate } from "../geometry.js";
import { box } from "./box.js";

/** @type {import("./index.js").Drawing<import("./box.js").Box>} */
export const rotatedBox = {
  ...box,
  name: "rotated_box",
  read(geometry) {
    if (!Array.isArray(geometry) || geometry.length !== 5 || !geometry.every(Number.isFinite)) return null;
    const [x, y, width, height, rotation] = /** @type {[number, number, number, number, number]} */ (geometry);
    const corner = rotate({ x: -width / 2, y: -height / 2 }, rotation);
    return { x: x + corner.x, y: y + corner.y, width, height, rotation };
  },
};
