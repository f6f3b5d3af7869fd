// @ts-check
/** Run-length codes of masks: COCO's, as labels are published, and Label Studio's, as its results have them. Pure. */

import { Pixels, eachRun, maskOf, ofRows } from "./mask.js";

/** @typedef {import("./geometry.js").Size} Size */
/** @typedef {import("./mask.js").Mask} Mask */

const VALUE = 8;
const WIDTHS = [3, 4, 8, 16];
const CHANNELS = 4;

/** COCO's compressed code. @param {unknown} code @returns {Mask|null} null where it is none, or has no pixels */
export function fromCoco(code) {
  const { size, counts } = /** @type {{size?: unknown, counts?: unknown}} */ (code ?? {});
  if (!Array.isArray(size) || size.length !== 2 || !size.every((side) => Number.isInteger(side) && side > 0)) return null;
  const [height, width] = /** @type {[number, number]} */ (size);
  const numbers = typeof counts === "string" ? numbersOf(counts) : null;
  if (!numbers || numbers.some((count) => count < 0)) return null;
  if (numbers.reduce((sum, count) => sum + count, 0) !== width * height) return null;
  /** The columns that it takes. */
  let [first, last, at] = [width, 0, 0];
  numbers.forEach((count, index) => {
    if (index % 2 && count) {
      first = Math.min(first, Math.floor(at / height));
      last = Math.floor((at + count - 1) / height) + 1;
    }
    at += count;
  });
  if (last <= first) return null;
  const turned = new Uint8Array((last - first) * height);
  at = -first * height;
  numbers.forEach((count, index) => {
    if (index % 2) turned.fill(1, at, at + count);
    at += count;
  });
  const pixels = new Pixels(last - first, height);
  for (let x = 0; x < pixels.width; x += 1) {
    for (let y = turned.indexOf(1, x * height); y >= 0 && y < (x + 1) * height; y += 1) {
      if (turned[y]) pixels.data[(y - x * height) * pixels.width + x] = 1;
    }
  }
  const mask = maskOf(pixels);
  return mask && { ...mask, left: mask.left + first };
}

/** @param {string} text @returns {number[]|null} */
function numbersOf(text) {
  /** @type {number[]} */
  const numbers = [];
  let [value, shift] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const bits = text.charCodeAt(at) - 48;
    if (bits < 0 || bits > 63 || shift > 45) return null;
    value += (bits & 0x1f) * 2 ** shift;
    shift += 5;
    if (bits & 0x20) continue;
    if (bits & 0x10) value -= 2 ** shift;
    numbers.push(value + (numbers.length > 2 ? /** @type {number} */ (numbers.at(-2)) : 0));
    [value, shift] = [0, 0];
  }
  return shift ? null : numbers;
}

/**
 * Label Studio's code: a pixel is of the mask where its alpha is not 0.
 * @param {unknown} code bytes
 * @param {Size} size of the image
 * @returns {Mask|null} null where it is none of an image of that size, or has no pixels
 */
export function fromBrush(code, { width, height }) {
  if (!Array.isArray(code)) return null;
  const bits = new Bits(code);
  const values = bits.take(32);
  if (values !== width * height * CHANNELS || bits.take(5) + 1 !== VALUE) return null;
  const widths = [0, 0, 0, 0].map(() => bits.take(4) + 1);
  /** @type {number[]} */
  const rows = [];
  let done = 0;
  while (done < values) {
    const repeats = bits.take(1) === 1;
    const end = done + bits.take(/** @type {number} */ (widths[bits.take(2)])) + 1;
    if (end > values) return null;
    if (repeats) {
      if (bits.take(VALUE)) paint(rows, done >> 2, end >> 2, width);
    } else {
      for (let at = done; at < end; at += 1) {
        if (bits.take(VALUE) && (at & 3) === 3) paint(rows, at >> 2, (at >> 2) + 1, width);
      }
    }
    if (bits.isOver) return null;
    done = end;
  }
  return ofRows(rows);
}

/** Put pixels behind those that are there, row by row. @param {number[]} rows as `ofRows` takes them @param {number} start @param {number} end @param {number} width */
function paint(rows, start, end, width) {
  while (start < end) {
    const y = Math.floor(start / width);
    const x = start - y * width;
    const stop = Math.min(end - y * width, width);
    if (rows.at(-3) === y && rows.at(-1) === x) rows[rows.length - 1] = stop;
    else rows.push(y, x, stop);
    start = y * width + stop;
  }
}

/** As Label Studio's SDK writes it, byte for byte. @param {Mask} mask @param {Size} size of the image @returns {number[]} */
export function toBrush(mask, { width, height }) {
  const out = new BitsOut();
  out.put(width * height * CHANNELS, 32);
  out.put(VALUE - 1, 5);
  for (const bits of WIDTHS) out.put(bits - 1, 4);
  let [at, from] = [0, 0];
  eachRun(mask, (y, start, end) => {
    if (y * width + start > at) {
      // a run that begins where the one before it ended, in the next row, goes on with it
      if (at > from) run(out, at - from, 255);
      run(out, y * width + start - at, 0);
      from = y * width + start;
    }
    at = y * width + end;
  });
  run(out, at - from, 255);
  if (at < width * height) run(out, width * height - at, 0);
  return out.end();
}

/** @param {BitsOut} out @param {number} pixels @param {number} value */
function run(out, pixels, value) {
  const most = 1 << /** @type {number} */ (WIDTHS.at(-1));
  let length = pixels * CHANNELS;
  while (length > 0) {
    const part = Math.min(length, most);
    const which = WIDTHS.findIndex((bits) => part <= 1 << bits);
    out.put(1, 1);
    out.put(which, 2);
    out.put(part - 1, /** @type {number} */ (WIDTHS[which]));
    out.put(value, VALUE);
    length -= part;
  }
}

class Bits {
  /** @param {readonly unknown[]} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** @param {number} count up to 32 @returns {number} */
  take(count) {
    let value = 0;
    for (let left = count; left > 0; ) {
      const free = 8 - (this.at & 7);
      const part = Math.min(free, left);
      const byte = Number(this.bytes[this.at >> 3]) & 255;
      value = value * (1 << part) + ((byte >> (free - part)) & ((1 << part) - 1));
      this.at += part;
      left -= part;
    }
    return value;
  }

  get isOver() {
    return this.at > this.bytes.length * 8;
  }
}

class BitsOut {
  constructor() {
    /** @type {number[]} */
    this.bytes = [];
    this.byte = 0;
    this.used = 0;
  }

  /** @param {number} value @param {number} count of bits */
  put(value, count) {
    for (let left = count; left > 0; ) {
      const part = Math.min(8 - this.used, left);
      const bits = Math.floor(value / 2 ** (left - part)) & ((1 << part) - 1);
      this.byte = (this.byte << part) | bits;
      this.used += part;
      left -= part;
      if (this.used === 8) this.#flush();
    }
  }

  /** The bytes; the last one is never full, as in Label Studio's SDK. */
  end() {
    this.byte <<= 8 - this.used;
    this.#flush();
    return this.bytes;
  }

  #flush() {
    this.bytes.push(this.byte);
    this.byte = this.used = 0;
  }
}
