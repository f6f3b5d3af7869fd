// @ts-check
/** Which part of a picture is shown, where only the place of some regions is. */

import { around } from "./geometry.js";
import { drawingOf } from "./kinds/index.js";

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {import("./kinds/index.js").Drawn} Drawn */

/**
 * The square around some regions with a margin, moved and cut to the picture; the whole picture for none.
 * @param {readonly Drawn[]} regions
 * @param {{width: number, height: number}} image
 * @param {number} margin on each side, as a part of the larger side
 * @param {number} least the smallest side, in pixels of the image
 * @returns {Bounds} whole pixels
 */
export function partAround(regions, image, margin, least) {
  const { width, height } = image;
  if (!regions.length) return { left: 0, top: 0, right: width, bottom: height };
  const corners = regions.flatMap((region) => {
    const { left, top, right, bottom } = drawingOf(region).bounds(region);
    return [{ x: left, y: top }, { x: right, y: bottom }];
  });
  const { left, top, right, bottom } = around(corners);
  const side = Math.max(Math.max(right - left, bottom - top) * (1 + 2 * margin), least);
  const across = Math.min(side, width);
  const down = Math.min(side, height);
  const x = Math.min(Math.max((left + right - across) / 2, 0), width - across);
  const y = Math.min(Math.max((top + bottom - down) / 2, 0), height - down);
  return {
    left: Math.floor(x),
    top: Math.floor(y),
    right: Math.min(Math.ceil(x + across), width),
    bottom: Math.min(Math.ceil(y + down), height),
  };
}
