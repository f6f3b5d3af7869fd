// @ts-check
/** Outlines as SVG paths, for pictures that are written as markup. */

import { apart, DOT_RADIUS } from "./geometry.js";

/** @typedef {import("./geometry.js").Point} Point */

/**
 * @param {import("./kinds/index.js").Drawn} region
 * @param {import("./kinds/index.js").Drawing<any>} kind its own
 * @param {(point: Point) => Point} [place] where a point of the image lies in the drawing; itself, unless given
 * @param {number} [dot] the radius of a dot in the drawing
 * @returns {string} the `d` of a path, at most two decimals
 */
export function pathOf(region, kind, place = (point) => point, dot = DOT_RADIUS) {
  let path = "";
  const to = (/** @type {number} */ x, /** @type {number} */ y) => {
    const at = place({ x, y });
    return `${short(at.x)} ${short(at.y)}`;
  };
  kind.trace(region, {
    moveTo: (x, y) => (path += `M${to(x, y)}`),
    lineTo: (x, y) => (path += `L${to(x, y)}`),
    curveTo: (x1, y1, x2, y2, x, y) => (path += `C${to(x1, y1)} ${to(x2, y2)} ${to(x, y)}`),
    closePath: () => (path += "Z"),
    dot(x, y, share = 1) {
      const at = place({ x, y });
      const radius = dot * share;
      const half = `a${short(radius)} ${short(radius)} 0 0 1`;
      path += `M${short(at.x - radius)} ${short(at.y)}${half} ${short(2 * radius)} 0${half} ${short(-2 * radius)} 0Z`;
    },
    join(x1, y1, x2, y2, share) {
      const between = apart(place({ x: x1, y: y1 }), place({ x: x2, y: y2 }), dot * share);
      if (between) path += between.map(({ x, y }, at) => `${at ? "L" : "M"}${short(x)} ${short(y)}`).join("");
    },
  });
  return path;
}

/** @param {number} value */
function short(value) {
  return String(Math.round(value * 100) / 100);
}
