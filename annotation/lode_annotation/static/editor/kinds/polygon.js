// @ts-check
/** Polygons, edited: one closed outline, drawn a press a point; its points are moved, added and taken away one by one. */

import { areaOf, polygon as drawing } from "../../lode/canvas/kinds/polygon.js";
import { gettext } from "../../lode/words.js";
import { cutOutline } from "./cut.js";
import { isNumber, pointEdits, pointTool } from "./points.js";

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {{points: readonly Point[]}} Outline */
/** @typedef {import("../model/types.js").Region & Outline} PolygonRegion */

const FEWEST = 3;
/** How near to the first point a press closes the outline, in CSS pixels. */
const CLOSING = 9;

/** @param {unknown} pair @returns {boolean} */
function isPair(pair) {
  return Array.isArray(pair) && pair.length === 2 && pair.every(isNumber);
}

/** @type {import("./index.js").Shape<PolygonRegion>} */
export const polygon = {
  ...drawing,
  drawn: true,
  result: "polygonlabels",
  control: "PolygonLabels",
  icon: "M6 5l11 2 2 9-9 4-6-7zM4.5 3.5h3v3h-3zM15.5 5.5h3v3h-3zM17.5 14.5h3v3h-3zM8.5 18.5h3v3h-3zM2.5 11.5h3v3h-3z",
  key: "o",
  studioKey: "p",
  titles: () => ({
    many: gettext("polygons"),
    draw: gettext("Draw polygons"),
    place: gettext("Add a polygon in the middle of the view"),
  }),
  decode(value, size) {
    // An outline that somebody left open is not ours to close.
    if (!Array.isArray(value.points) || value.closed === false) return null;
    if (value.points.length < FEWEST || !value.points.every(isPair)) return null;
    const points = value.points.map((/** @type {[number, number]} */ [x, y]) => ({ x: (x * size.width) / 100, y: (y * size.height) / 100 }));
    return { points };
  },
  encode: ({ points }, size) => ({
    points: points.map(({ x, y }) => [(x * 100) / size.width, (y * 100) / size.height]),
    closed: true,
  }),
  place: ({ left, top, right, bottom }) => ({
    points: [{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }],
  }),
  cut(region, image) {
    const points = cutOutline(region.points, image);
    return points.length >= FEWEST && areaOf(points) > 0 ? { ...region, points } : null;
  },
  ...pointEdits({ fewest: FEWEST, closed: true, sound: () => true }),
  tool: pointTool({ name: drawing.name, fewest: FEWEST, end: 0, reach: CLOSING, sound: (points) => areaOf(points) > 0 }),
};
