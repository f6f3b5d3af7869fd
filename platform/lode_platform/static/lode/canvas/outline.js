// @ts-check
/** Outlines as SVG paths, for pictures that are written as markup. */

/** @typedef {import("./geometry.js").Point} Point */

/**
 * @param {import("./kinds/index.js").Drawn} region
 * @param {import("./kinds/index.js").Drawing<any>} kind its own
 * @param {(point: Point) => Point} [place] where a point of the image lies in the drawing; itself, unless given
 * @returns {string} the `d` of a path, at most two decimals
 */
export function pathOf(region, kind, place = (point) => point) {
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
  });
  return path;
}

/** @param {number} value */
function short(value) {
  return String(Math.round(value * 100) / 100);
}
