// @ts-check
/**
 * Skeletons: the named points of one object, with the edges between them. A point is visible, hidden or not labelled, as
 * COCO has it; a visible one is a full dot, a hidden one hollow, as large at every zoom.
 */

import { gettext } from "../../words.js";
import { around, DOT_REACH, REACH } from "../geometry.js";
import { away, distance } from "./points.js";

/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {Point & {v: number}} Joint `v`: 0 not labelled, 1 hidden, 2 visible */
/** @typedef {{points: readonly Joint[], asks?: {edges?: readonly (readonly [number, number])[]}}} Skeleton `asks`: what its class asks, the places of the points that its edges join among it */

export const HIDDEN = 1;
export const VISIBLE = 2;
/** The radius of its dots, in parts of a dot's, and of the rings within whose lines make one full. */
const DOT = 0.8;
const WITHIN = [0.5, 0.2];

/** The edges of which both ends are labelled. @param {Skeleton} region @returns {[Joint, Joint][]} */
export function edgesOf({ points, asks }) {
  return (asks?.edges ?? []).flatMap(([one, two]) => {
    const [a, b] = [points[one], points[two]];
    return a?.v && b?.v ? [/** @type {[Joint, Joint]} */ ([a, b])] : [];
  });
}

/** @param {readonly Joint[]} points @returns {Joint[]} */
export function labelled(points) {
  return points.filter(({ v }) => v);
}

/** @param {unknown} joint @returns {Joint[]} itself, or nothing where it is none */
function jointOf(joint) {
  if (!Array.isArray(joint) || joint.length !== 3 || !joint.every(Number.isFinite)) return [];
  const [x, y, v] = /** @type {[number, number, number]} */ (joint);
  return [{ x, y, v }];
}

/** @type {import("./index.js").Drawing<Skeleton>} */
export const skeleton = {
  name: "skeleton",
  unfilled: true,
  read(geometry) {
    if (!Array.isArray(geometry)) return null;
    const points = geometry.flatMap(jointOf);
    return points.length === geometry.length && labelled(points).length ? { points } : null;
  },
  bounds: ({ points }) => around(labelled(points)),
  area: () => 0,
  upright: () => false,
  hit: (region, point, margin) =>
    labelled(region.points).some((one) => distance(one, point) <= (margin / REACH) * DOT_REACH) ||
    edgesOf(region).some((edge) => away(point, edge) <= margin),
  trace(region, pen) {
    for (const [a, b] of edgesOf(region)) pen.join(a.x, a.y, b.x, b.y, DOT);
    for (const { x, y, v } of labelled(region.points)) {
      pen.dot(x, y, DOT);
      if (v === VISIBLE) WITHIN.forEach((share) => pen.dot(x, y, share));
    }
  },
  measure: ({ points }) => gettext("{n} of {all} points", { n: labelled(points).length, all: points.length }),
};
