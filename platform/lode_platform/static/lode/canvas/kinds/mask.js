// @ts-check
/** Masks: pixels of the image, drawn as a tinted bitmap. */

import { ngettext } from "../../words.js";
import { areaOf, boundsOf, has, ringsOf } from "../mask.js";
import { fromCoco } from "../rle.js";
import { bitmapOf } from "../tint.js";

/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {import("../mask.js").Mask} Mask */
/** @typedef {import("../tint.js").Bitmap} Bitmap */
/** @typedef {{mask: Mask, live?: Bitmap}} MaskGeometry `live`: the bitmap under the hand that paints it */

/** Rings as seen from the corner of the bounds, by runs: a mask that is moved has the same. @type {WeakMap<Uint32Array, Point[][]>} */
const known = new WeakMap();

/** @param {Mask} mask @returns {Point[][]} */
function ringsFromCorner(mask) {
  const rings = known.get(mask.runs) ?? ringsOf({ ...mask, left: 0, top: 0 });
  known.set(mask.runs, rings);
  return rings;
}

/** @type {import("./index.js").Drawing<MaskGeometry>} */
export const mask = {
  name: "mask",
  read(geometry) {
    const found = fromCoco(geometry);
    return found && { mask: found };
  },
  bounds: (region) => (region.live ? boundsOf({ ...region.mask, ...region.live }) : boundsOf(region.mask)),
  area: (region) => areaOf(region.mask),
  upright: () => false,
  hit(region, { x, y }, margin) {
    const places = [0, margin, -margin];
    return places.some((dx) => places.some((dy) => has(region.mask, Math.floor(x + dx), Math.floor(y + dy))));
  },
  trace({ mask: { left, top }, mask: own }, pen) {
    for (const ring of ringsFromCorner(own)) {
      ring.forEach(({ x, y }, at) => (at ? pen.lineTo(left + x, top + y) : pen.moveTo(left + x, top + y)));
      pen.closePath();
    }
  },
  measure: (region) => ngettext("{n} pixel", "{n} pixels", areaOf(region.mask)),
  bitmap: (region, colour) => region.live ?? bitmapOf(region.mask, colour),
};
