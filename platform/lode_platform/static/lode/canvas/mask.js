// @ts-check
/**
 * Masks: the pixels of an object, cut to their bounds. What is kept of one are its runs, a few kilobytes; the pixels, a
 * byte each, are made of them where they are worked with. Pure.
 */

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Size} Size */
/**
 * Never changed. `runs`: where each run of its pixels begins and ends, by turns, counted along the rows of the bounds; no
 * run goes on in the next row.
 * @typedef {{left: number, top: number, width: number, height: number, runs: Uint32Array}} Mask
 */

/** Pixels of an image, a byte each, 1 where they are of the mask. */
export class Pixels {
  /** @param {number} width @param {number} height @param {Uint8Array} [data] */
  constructor(width, height, data = new Uint8Array(width * height)) {
    this.width = width;
    this.height = height;
    this.data = data;
  }
}

/** A mask's pixels on an image. @param {Mask} mask @param {Size} image @returns {Pixels} */
export function pixelsOf(mask, image) {
  const pixels = new Pixels(image.width, image.height);
  eachRun(mask, (y, start, end) => pixels.data.fill(1, y * image.width + start, y * image.width + end));
  return pixels;
}

/** The mask of pixels; null where there are none. @param {Pixels} pixels @param {Bounds} [part] what may hold some @returns {Mask|null} */
export function maskOf({ width, height, data }, part = { left: 0, top: 0, right: width, bottom: height }) {
  /** @type {number[]} */
  const rows = [];
  for (let y = part.top; y < part.bottom; y += 1) {
    const last = y * width + part.right;
    let at = data.indexOf(1, y * width + part.left);
    while (at >= 0 && at < last) {
      let end = data.indexOf(0, at);
      if (end < 0 || end > last) end = last;
      rows.push(y, at - y * width, end - y * width);
      at = data.indexOf(1, end);
    }
    if (at < 0) break;
    y = Math.max(y, Math.floor(at / width) - 1);
  }
  return ofRows(rows);
}

/** The mask of runs. @param {readonly number[]} rows of each its row, start and end; in order @returns {Mask|null} */
export function ofRows(rows) {
  if (!rows.length) return null;
  let [left, right] = [Infinity, 0];
  for (let at = 0; at < rows.length; at += 3) {
    left = Math.min(left, /** @type {number} */ (rows[at + 1]));
    right = Math.max(right, /** @type {number} */ (rows[at + 2]));
  }
  const top = /** @type {number} */ (rows[0]);
  const width = right - left;
  const runs = new Uint32Array((rows.length / 3) * 2);
  for (let at = 0, to = 0; at < rows.length; at += 3, to += 2) {
    const base = (/** @type {number} */ (rows[at]) - top) * width - left;
    runs[to] = base + /** @type {number} */ (rows[at + 1]);
    runs[to + 1] = base + /** @type {number} */ (rows[at + 2]);
  }
  return { left, top, width, height: /** @type {number} */ (rows.at(-3)) - top + 1, runs };
}

/** @param {Mask} mask @param {(y: number, start: number, end: number) => void} fn in pixels of the image */
export function eachRun({ left, top, width, runs }, fn) {
  for (let at = 0; at < runs.length; at += 2) {
    const start = /** @type {number} */ (runs[at]);
    const row = Math.floor(start / width);
    const shift = left - row * width;
    fn(top + row, start + shift, /** @type {number} */ (runs[at + 1]) + shift);
  }
}

/** What of a mask lies on an image, which its corner does: one of a larger picture may be pasted. @param {Mask} mask @param {Size} image @returns {Mask} */
export function cut(mask, { width, height }) {
  if (mask.left + mask.width <= width && mask.top + mask.height <= height) return mask;
  /** @type {number[]} */
  const rows = [];
  eachRun(mask, (y, start, end) => y < height && start < width && rows.push(y, start, Math.min(end, width)));
  return ofRows(rows) ?? { left: mask.left, top: mask.top, width: 1, height: 1, runs: Uint32Array.of(0, 1) };
}

/** @param {Omit<Mask, "runs">} mask @returns {Bounds} */
export function boundsOf({ left, top, width, height }) {
  return { left, top, right: left + width, bottom: top + height };
}

/** @param {Mask} mask @returns {number} pixels */
export function areaOf({ runs }) {
  let area = 0;
  for (let at = 0; at < runs.length; at += 2) area += /** @type {number} */ (runs[at + 1]) - /** @type {number} */ (runs[at]);
  return area;
}

/** Whether a pixel is of the mask. @param {Mask} mask @param {number} x @param {number} y whole numbers @returns {boolean} */
export function has({ left, top, width, height, runs }, x, y) {
  if (x < left || y < top || x >= left + width || y >= top + height) return false;
  const place = (y - top) * width + x - left;
  let [low, high] = [0, runs.length / 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {number} */ (runs[middle * 2 + 1]) <= place) low = middle + 1;
    else high = middle;
  }
  return low * 2 < runs.length && /** @type {number} */ (runs[low * 2]) <= place;
}

/** @param {Mask} one @param {Mask} two @returns {boolean} */
export function equal(one, two) {
  const same = one.left === two.left && one.top === two.top && one.width === two.width && one.runs.length === two.runs.length;
  return same && one.runs.every((value, at) => value === two.runs[at]);
}

/**
 * Paint along a stroke with a round brush, or take away.
 * @param {Pixels} pixels
 * @param {Point} from
 * @param {Point} to
 * @param {number} radius
 * @param {0|1} value
 * @returns {Bounds|null} whole pixels that may have changed; null where the stroke lies outside
 */
export function stroke({ width, height, data }, from, to, radius, value) {
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius));
  const right = Math.min(width, Math.ceil(Math.max(from.x, to.x) + radius));
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
  const bottom = Math.min(height, Math.ceil(Math.max(from.y, to.y) + radius));
  if (left >= right || top >= bottom) return null;
  for (let y = top; y < bottom; y += 1) {
    const [start, end] = across(y + 0.5, from, to, radius);
    const first = Math.max(left, Math.ceil(start - 0.5));
    const last = Math.min(right, Math.floor(end - 0.5) + 1);
    if (first < last) data.fill(value, y * width + first, y * width + last);
  }
  // the pixel below the middle of a brush that is smaller than a pixel
  for (const { x, y } of [from, to]) {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (column >= left && column < right && row >= top && row < bottom) data[row * width + column] = value;
  }
  return { left, top, right, bottom };
}

/** From where to where a level line meets what lies no farther than `radius` from a stroke. @param {number} y @param {Point} a @param {Point} b @param {number} radius @returns {[number, number]} */
function across(y, a, b, radius) {
  let [start, end] = [Infinity, -Infinity];
  const take = (/** @type {number} */ x) => {
    start = Math.min(start, x);
    end = Math.max(end, x);
  };
  for (const { x, y: middle } of [a, b]) {
    const half = Math.sqrt(radius * radius - (y - middle) ** 2);
    if (half >= 0) [x - half, x + half].forEach(take);
  }
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(dx, dy);
  if (length) {
    // the two sides of the stroke
    for (const side of [-radius, radius]) {
      const [x, from] = [a.x - (dy / length) * side, a.y + (dx / length) * side];
      const part = dy ? (y - from) / dy : -1;
      if (part >= 0 && part <= 1) take(x + dx * part);
    }
  }
  return [start, end];
}

/**
 * The pixels that hang together by their sides from one on, by a rule.
 * @param {Size} size
 * @param {number} x
 * @param {number} y
 * @param {(place: number) => boolean} belongs asked of a pixel by its place along the rows, once or a few times
 * @returns {Pixels}
 */
export function flood({ width, height }, x, y, belongs) {
  const found = new Pixels(width, height);
  const { data } = found;
  const open = (/** @type {number} */ place) => data[place] === 0 && belongs(place);
  const seeds = open(y * width + x) ? [y * width + x] : [];
  while (seeds.length) {
    const seed = /** @type {number} */ (seeds.pop());
    if (data[seed]) continue;
    const row = Math.floor(seed / width) * width;
    let [start, end] = [seed, seed + 1];
    while (start > row && open(start - 1)) start -= 1;
    while (end < row + width && open(end)) end += 1;
    data.fill(1, start, end);
    for (const beside of [row - width, row + width]) {
      if (beside < 0 || beside >= width * height) continue;
      let within = false;
      for (let at = beside + start - row; at < beside + end - row; at += 1) {
        const is = open(at);
        if (is && !within) seeds.push(at);
        within = is;
      }
    }
  }
  return found;
}

/** The hole of a mask around a pixel; null where it is of the mask, or is not enclosed. @param {Mask} mask @param {number} x @param {number} y @returns {Mask|null} */
export function holeAt(mask, x, y) {
  const { left, top, width, height } = mask;
  if (x < left || y < top || x >= left + width || y >= top + height) return null;
  const own = pixelsOf({ ...mask, left: 0, top: 0 }, mask);
  const hole = maskOf(flood(mask, x - left, y - top, (place) => own.data[place] === 0));
  const isOpen = !hole || !hole.left || !hole.top || hole.left + hole.width === width || hole.top + hole.height === height;
  return isOpen ? null : { ...hole, left: left + hole.left, top: top + hole.top };
}

/**
 * The pixels around one whose colours are like its own.
 * @param {Size & {data: Uint8ClampedArray}} picture red, green, blue and alpha of each pixel
 * @param {number} x
 * @param {number} y
 * @param {number} tolerance the largest distance of two colours, as a straight line through red, green and blue
 * @returns {Pixels}
 */
export function wand(picture, x, y, tolerance) {
  const { data } = picture;
  const at = (y * picture.width + x) * 4;
  const [red, green, blue] = /** @type {[number, number, number]} */ ([data[at], data[at + 1], data[at + 2]]);
  const most = tolerance * tolerance;
  return flood(picture, x, y, (place) => {
    const from = place * 4;
    const r = /** @type {number} */ (data[from]) - red;
    const g = /** @type {number} */ (data[from + 1]) - green;
    const b = /** @type {number} */ (data[from + 2]) - blue;
    return r * r + g * g + b * b <= most;
  });
}

/** The rings along the edges of its pixels, holes among them. @param {Mask} mask @returns {Point[][]} */
export function ringsOf(mask) {
  const { left, top, width, height } = mask;
  const wide = width + 2;
  const data = new Uint8Array(wide * (height + 2));
  eachRun({ ...mask, left: 1, top: 1 }, (y, start, end) => data.fill(1, y * wide + start, y * wide + end));
  const seen = new Uint8Array(data.length);
  /** @type {Point[][]} */
  const rings = [];
  // A ring begins at an edge that has the mask below it, or above it where it is one of a hole: each has such an edge.
  eachRun({ ...mask, left: 1, top: 1 }, (y, start, end) => {
    for (let x = start; x < end; x += 1) {
      const place = y * wide + x;
      if (!data[place - wide] && !seen[place]) rings.push(around(data, seen, wide, x, y));
    }
  });
  return rings.map((ring) => ring.map((point) => ({ x: point.x + left - 1, y: point.y + top - 1 })));
}

/** Right, down, left and up. */
const STEPS = /** @type {const} */ ([
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
]);

/** A ring with the mask at its right hand, from the upper side of a pixel on; such sides are marked as seen. @param {Uint8Array} data @param {Uint8Array} seen @param {number} wide @param {number} fromX @param {number} fromY @returns {Point[]} */
function around(data, seen, wide, fromX, fromY) {
  /** @type {Point[]} */
  const ring = [];
  let [x, y, way] = [fromX, fromY, 0];
  do {
    if (way === 0) seen[y * wide + x] = 1;
    const [dx, dy] = /** @type {readonly [number, number]} */ (STEPS[way]);
    x += dx;
    y += dy;
    // the two pixels ahead of the corner: at the left hand and at the right
    const base = y * wide + x;
    const ahead = [
      [base - wide, base],
      [base, base - 1],
      [base - 1, base - wide - 1],
      [base - wide - 1, base - wide],
    ][way];
    const [atLeft, atRight] = /** @type {[number, number]} */ (ahead);
    const turn = !data[atRight] ? 1 : data[atLeft] ? 3 : 0;
    if (turn) ring.push({ x, y });
    way = (way + turn) % 4;
  } while (x !== fromX || y !== fromY || way !== 0);
  return ring;
}
