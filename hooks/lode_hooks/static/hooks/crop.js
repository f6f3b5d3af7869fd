// @ts-check
// Which part of a picture a match shows, and its boxes within that part. Pixels of the upright image, xyxy.

/** @typedef {[number, number, number, number]} Rect x1, y1, x2, y2 */

/**
 * The square around some boxes with a margin, moved and cut to the picture; the whole picture for none.
 * @param {(Rect | null)[]} boxes
 * @param {number} width of the picture
 * @param {number} height of the picture
 * @param {number} [margin] on each side, as a part of the larger side
 * @param {number} [least] the smallest side, pixels
 * @returns {Rect}
 */
export function around(boxes, width, height, margin = 0.55, least = 48) {
  const found = /** @type {Rect[]} */ (boxes.filter(Boolean));
  if (!found.length) return [0, 0, width, height];
  const left = Math.min(...found.map((box) => box[0]));
  const top = Math.min(...found.map((box) => box[1]));
  const right = Math.max(...found.map((box) => box[2]));
  const bottom = Math.max(...found.map((box) => box[3]));
  const side = Math.max(Math.max(right - left, bottom - top) * (1 + 2 * margin), least);
  const w = Math.min(side, width);
  const h = Math.min(side, height);
  const x = Math.min(Math.max((left + right - w) / 2, 0), width - w);
  const y = Math.min(Math.max((top + bottom - h) / 2, 0), height - h);
  return [Math.floor(x), Math.floor(y), Math.min(Math.ceil(x + w), width), Math.min(Math.ceil(y + h), height)];
}

/**
 * A box in pixels of the part.
 * @param {Rect} box
 * @param {Rect} part
 * @returns {Rect}
 */
export function within(box, part) {
  return [box[0] - part[0], box[1] - part[1], box[2] - part[0], box[3] - part[1]];
}
