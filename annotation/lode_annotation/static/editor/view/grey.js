// @ts-check
/** Grey of more than 8 bits, painted in a window: values below it are black, those above it white. */

/** @typedef {{low: number, high: number}} Window values shown black and white */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Part whole pixels of the picture */

const HEAD = 48;
const NAME = "LODEGREY";
const DEPTHS = 65536;
/** Pixels that are painted at once. */
const BAND = 1 << 20;
/** Pixels of the small copy that stands in while the window is being moved. */
const SMALL = 1 << 20;

export class Grey {
  /** @param {ArrayBuffer} buffer values as the server sends them */
  constructor(buffer) {
    const head = new DataView(buffer);
    const name = String.fromCharCode(...new Uint8Array(buffer, 0, NAME.length));
    this.size = { width: head.getUint32(8, true), height: head.getUint32(12, true) };
    if (name !== NAME || buffer.byteLength !== HEAD + 2 * this.size.width * this.size.height) throw new Error("These bytes are not values.");
    this.scale = head.getFloat64(16, true);
    this.least = head.getFloat64(24, true);
    /** The window where nobody chose one. @type {Window} */
    this.own = { low: head.getFloat64(32, true), high: head.getFloat64(40, true) };
    this.pixels = new Uint16Array(buffer, HEAD);
    this.canvas = canvasOf(this.size);
    /** @type {{pixels: Uint16Array, canvas: HTMLCanvasElement, size: {width: number, height: number}}|null} */
    this.small = null;
  }

  /** The least and the greatest value there is. @returns {Window} */
  get range() {
    let [low, high] = [DEPTHS, 0];
    for (const pixel of this.pixels) {
      if (pixel < low) low = pixel;
      if (pixel > high) high = pixel;
    }
    return { low: this.least + this.scale * low, high: this.least + this.scale * high };
  }

  /** Paint `canvas`, or a part of it. @param {Window} window @param {Part} [part] */
  paint(window, part) {
    const { width, height } = this.size;
    paint(this.canvas, this.pixels, this.size, this.#shades(window), part ?? { left: 0, top: 0, right: width, bottom: height });
  }

  /** @param {Window} window @returns {{canvas: HTMLCanvasElement, size: {width: number, height: number}}} the picture made small, painted */
  painted(window) {
    this.small ??= shrunk(this.pixels, this.size);
    const { canvas, pixels, size } = this.small;
    paint(canvas, pixels, size, this.#shades(window), { left: 0, top: 0, right: size.width, bottom: size.height });
    return { canvas, size };
  }

  /** @param {Window} window */
  #shades({ low, high }) {
    return shades((low - this.least) / this.scale, (high - this.least) / this.scale);
  }
}

/**
 * The colour of each pixel value, as canvases store it.
 * @param {number} low @param {number} high of the pixels that are black and white
 * @returns {Uint32Array}
 */
export function shades(low, high) {
  const bytes = new Uint8ClampedArray(DEPTHS * 4);
  const step = 255 / Math.max(high - low, 1e-9);
  for (let pixel = 0; pixel < DEPTHS; pixel++) bytes.fill((pixel - low) * step, pixel * 4, pixel * 4 + 3);
  for (let pixel = 0; pixel < DEPTHS; pixel++) bytes[pixel * 4 + 3] = 255;
  return new Uint32Array(bytes.buffer);
}

/** One pixel of so many. @param {Uint16Array} pixels @param {{width: number, height: number}} size */
function shrunk(pixels, size) {
  const step = Math.max(1, Math.ceil(Math.sqrt((size.width * size.height) / SMALL)));
  const small = { width: Math.ceil(size.width / step), height: Math.ceil(size.height / step) };
  const found = new Uint16Array(small.width * small.height);
  let at = 0;
  for (let y = 0; y < size.height; y += step) {
    for (let x = 0; x < size.width; x += step) found[at++] = /** @type {number} */ (pixels[y * size.width + x]);
  }
  return { pixels: found, size: small, canvas: canvasOf(small) };
}

/** @param {{width: number, height: number}} size */
function canvasOf(size) {
  return Object.assign(document.createElement("canvas"), size);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Uint16Array} pixels
 * @param {{width: number, height: number}} size
 * @param {Uint32Array} colours
 * @param {Part} part
 */
function paint(canvas, pixels, size, colours, part) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  const across = part.right - part.left;
  if (across < 1 || part.bottom <= part.top) return;
  const rows = Math.max(1, Math.floor(BAND / across));
  const band = context.createImageData(across, Math.min(rows, part.bottom - part.top));
  const out = new Uint32Array(band.data.buffer);
  for (let top = part.top; top < part.bottom; top += rows) {
    const bottom = Math.min(top + rows, part.bottom);
    let to = 0;
    for (let y = top; y < bottom; y++) {
      const from = y * size.width;
      for (let x = from + part.left; x < from + part.right; x++) out[to++] = /** @type {number} */ (colours[/** @type {number} */ (pixels[x])]);
    }
    context.putImageData(band, part.left, top, 0, 0, across, bottom - top);
  }
}
