// @ts-check
/** Ellipses: a centre and two radii, turned about the centre. */

import { rotate } from "../geometry.js";

/** @typedef {import("../geometry.js").Bounds} Bounds */
/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {{cx: number, cy: number, rx: number, ry: number, angle: number}} Ellipse `angle` in clockwise degrees */

/** Each eighth is drawn as one cubic curve, which stays within 5 millionths of the radius. */
const PIECES = 8;
const STEP = (2 * Math.PI) / PIECES;
/** How far a curve's inner points lie along the tangent, in radii: 4/3 tan(step / 4). */
const PULL = (4 / 3) * Math.tan(STEP / 4);

/**
 * A place of the ellipse's own frame, where it is the unit circle, in the image.
 * @param {Ellipse} ellipse
 * @param {number} u
 * @param {number} v
 * @returns {Point}
 */
export function fromFrame(ellipse, u, v) {
  const turned = rotate({ x: u * ellipse.rx, y: v * ellipse.ry }, ellipse.angle);
  return { x: ellipse.cx + turned.x, y: ellipse.cy + turned.y };
}

/**
 * A point of the image in the frame of the ellipse, in pixels from its centre along its own axes.
 * @param {Ellipse} ellipse
 * @param {Point} point
 * @returns {Point}
 */
export function toAxes(ellipse, point) {
  return rotate({ x: point.x - ellipse.cx, y: point.y - ellipse.cy }, -ellipse.angle);
}

/**
 * @param {Ellipse} ellipse
 * @returns {Bounds}
 */
export function bounds(ellipse) {
  const a = rotate({ x: ellipse.rx, y: 0 }, ellipse.angle);
  const b = rotate({ x: 0, y: ellipse.ry }, ellipse.angle);
  const across = Math.hypot(a.x, b.x);
  const down = Math.hypot(a.y, b.y);
  return { left: ellipse.cx - across, top: ellipse.cy - down, right: ellipse.cx + across, bottom: ellipse.cy + down };
}

/** @type {import("./index.js").Drawing<Ellipse>} */
export const ellipse = {
  name: "ellipse",
  read(geometry) {
    if (!Array.isArray(geometry) || geometry.length !== 5 || !geometry.every(Number.isFinite)) return null;
    const [cx, cy, rx, ry, angle] = geometry;
    return { cx, cy, rx, ry, angle };
  },
  bounds,
  area: (region) => Math.PI * region.rx * region.ry,
  upright: () => false,
  hit(region, point, margin) {
    const { x, y } = toAxes(region, point);
    return Math.hypot(x / (region.rx + margin), y / (region.ry + margin)) <= 1;
  },
  trace(region, pen) {
    const start = fromFrame(region, 1, 0);
    pen.moveTo(start.x, start.y);
    for (let at = 0; at < PIECES; at += 1) {
      const [c, s] = [Math.cos(at * STEP), Math.sin(at * STEP)];
      const [d, t] = [Math.cos((at + 1) * STEP), Math.sin((at + 1) * STEP)];
      const one = fromFrame(region, c - PULL * s, s + PULL * c);
      const two = fromFrame(region, d + PULL * t, t - PULL * d);
      const end = at + 1 < PIECES ? fromFrame(region, d, t) : start;
      pen.curveTo(one.x, one.y, two.x, two.y, end.x, end.y);
    }
    pen.closePath();
  },
  measure(region) {
    const size = `${Math.round(region.rx * 2)} × ${Math.round(region.ry * 2)}`;
    const angle = Math.round(region.angle) % 360;
    return angle ? `${size}, ${angle}°` : size;
  },
};
