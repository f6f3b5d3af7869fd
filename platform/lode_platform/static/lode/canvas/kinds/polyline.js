// @ts-check
/** Polylines: open lines of two points or more, which enclose nothing. */

import { ngettext } from "../../words.js";
import { around } from "../geometry.js";
import { away, edges, pointsOf, traceLine } from "./points.js";

/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {{points: readonly Point[]}} Polyline */

const FEWEST = 2;

/** @type {import("./index.js").Drawing<Polyline>} */
export const polyline = {
  name: "polyline",
  unfilled: true,
  read(geometry) {
    const points = pointsOf(geometry, FEWEST);
    return points && { points };
  },
  bounds: ({ points }) => around(points),
  area: () => 0,
  upright: () => false,
  hit: ({ points }, point, margin) => edges(points, false).some((edge) => away(point, edge) <= margin),
  trace: ({ points }, pen) => traceLine(points, pen),
  measure: ({ points }) => ngettext("{n} point", "{n} points", points.length),
};
