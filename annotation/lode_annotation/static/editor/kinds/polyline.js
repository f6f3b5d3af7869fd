// @ts-check
/** Polylines, edited: one open line, drawn a press a point; its points are moved, added and taken away one by one. */

import { distance, edges } from "../../lode/canvas/kinds/points.js";
import { polyline as drawing } from "../../lode/canvas/kinds/polyline.js";
import { gettext } from "../../lode/words.js";
import { isNumber, pointEdits, pointTool } from "./points.js";

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Region & {points: readonly Point[]}} PolylineRegion */
/** @typedef {{x: number, y: number, id?: string, prevPointId?: string}} Vertex */

const FEWEST = 2;
/** How near to the last point a press ends the line, in CSS pixels: twice at one place does. */
const ENDING = 6;

/** @param {readonly Point[]} points @returns {boolean} whether they make a line of some length */
const isLine = (points) => edges(points, false).some(([a, b]) => distance(a, b) > 0);

/** @param {any} vertex @returns {boolean} */
function isCorner(vertex) {
  return vertex !== null && typeof vertex === "object" && isNumber(vertex.x) && isNumber(vertex.y) && !vertex.isBezier;
}

/** Whether vertices that name the one before them stand in that order. @param {readonly Vertex[]} vertices @returns {boolean} */
function isChain(vertices) {
  if (!vertices.some((vertex) => vertex.prevPointId)) return true;
  if (new Set(vertices.map((vertex) => vertex.id)).size < vertices.length) return false;
  return vertices.every((vertex, at) => (at ? vertex.prevPointId && vertex.prevPointId === vertices[at - 1]?.id : !vertex.prevPointId));
}

const edits = pointEdits({ fewest: FEWEST, closed: false, sound: isLine });

/** @type {import("./index.js").Shape<PolylineRegion>} */
export const polyline = {
  ...drawing,
  drawn: true,
  result: "vectorlabels",
  control: "VectorLabels",
  icon: "M5 18l4-9 6 5 4-8M3.5 16.5h3v3h-3zM7.5 7.5h3v3h-3zM13.5 12.5h3v3h-3zM17.5 4.5h3v3h-3z",
  key: "y",
  titles: () => ({
    many: gettext("polylines"),
    draw: gettext("Draw polylines"),
    place: gettext("Add a polyline in the middle of the view"),
  }),
  decode({ vertices, closed }, size) {
    // Closed, curved and branching vectors are not ours to straighten.
    if (!Array.isArray(vertices) || vertices.length < FEWEST || closed) return null;
    if (!vertices.every(isCorner) || !isChain(vertices)) return null;
    return { points: vertices.map(({ x, y }) => ({ x: (x * size.width) / 100, y: (y * size.height) / 100 })) };
  },
  encode: ({ points }, size) => ({
    vertices: points.map(({ x, y }, at) => ({
      id: `p${at + 1}`,
      x: (x * 100) / size.width,
      y: (y * 100) / size.height,
      isBezier: false,
      ...(at ? { prevPointId: `p${at}` } : {}),
    })),
    closed: false,
  }),
  place: ({ left, top, right, bottom }) => ({ points: [{ x: left, y: bottom }, { x: right, y: top }] }),
  ...edits,
  grow(region, dx, dy, image) {
    const last = region.points.length - 1;
    const { x, y } = /** @type {Point} */ (region.points[last]);
    return edits.drag(region, String(last), { x: x + dx, y: y + dy }, image);
  },
  tool: pointTool({ name: drawing.name, fewest: FEWEST, end: -1, reach: ENDING, sound: isLine }),
};
