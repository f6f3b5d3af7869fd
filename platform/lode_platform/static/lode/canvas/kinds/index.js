// @ts-check
/**
 * The kinds of region that a picture shows: one module and one line each. What draws pictures asks a region's kind and
 * names none; a region of a kind that is not listed, or that lies nowhere, is left out. The editor's kinds build on these.
 */

import { box } from "./box.js";
import { ellipse } from "./ellipse.js";
import { keypoint } from "./keypoint.js";
import { mask } from "./mask.js";
import { polygon } from "./polygon.js";
import { polyline } from "./polyline.js";
import { rotatedBox } from "./rotated_box.js";
import { skeleton } from "./skeleton.js";

/** @typedef {import("../geometry.js").Bounds} Bounds */
/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {{moveTo: (x: number, y: number) => void, lineTo: (x: number, y: number) => void, curveTo: (x1: number, y1: number, x2: number, y2: number, x: number, y: number) => void, closePath: () => void, dot: (x: number, y: number, share?: number) => void, join: (x1: number, y1: number, x2: number, y2: number, share: number) => void}} Pen takes image pixels; a curve is a cubic Bézier curve, a dot is as large at every zoom: its radius times `share`, and `join` draws a line from the rim of one such dot to that of another */
/** @typedef {{kind: string}} Drawn a region with the geometry of its kind, in fields of its own */
/**
 * How a kind is drawn. Coordinates are pixels of the upright image.
 * @template R
 * @typedef {object} Drawing
 * @property {string} name the `kind` of its regions
 * @property {(geometry: unknown) => object|null} read the geometry as labels are published; null where it is not one of this kind
 * @property {(region: R) => Bounds} bounds
 * @property {(region: R) => number} area in square pixels
 * @property {(region: R) => boolean} upright whether the bounds are the outline itself; these are drawn many at a time
 * @property {(region: R, point: Point, margin: number) => boolean} hit `margin`: the `REACH` of a press in image pixels
 * @property {(region: R, pen: Pen) => void} trace draws the outline
 * @property {(region: R) => string} measure the size in words
 * @property {(region: R, colour: string) => import("../tint.js").Bitmap} [bitmap] it in a colour, drawn in place of the outline
 * @property {boolean} [unfilled] whether it encloses nothing: its outline alone is drawn
 */

/** @type {readonly Drawing<any>[]} */
const KINDS = [box, polygon, polyline, ellipse, keypoint, skeleton, mask, rotatedBox];

const byName = new Map(KINDS.map((kind) => [kind.name, kind]));

/** @param {Drawn} region as `readRegion` made it @returns {Drawing<any>} */
export function drawingOf(region) {
  return /** @type {Drawing<any>} */ (byName.get(region.kind));
}

/**
 * A region as it is drawn.
 * @template {{kind: string, geometry: unknown}} T
 * @param {T} region as labels are published
 * @returns {(T & Drawn)|null} null where its kind is not drawn
 */
export function readRegion(region) {
  const geometry = byName.get(region.kind)?.read(region.geometry);
  return geometry ? { ...region, ...geometry } : null;
}
