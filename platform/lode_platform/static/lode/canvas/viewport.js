// @ts-check
/** How the image lies on the stage: scale and offset, in CSS pixels. */

import { clamp } from "./geometry.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Bounds} Bounds */

const LARGEST_SCALE = 64;
const KEPT_IN_VIEW = 48;

/** @extends {EventTarget} Event: `change`. */
export class Viewport extends EventTarget {
  constructor() {
    super();
    this.image = { width: 1, height: 1 };
    this.stage = { width: 1, height: 1 };
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.fitted = true;
  }

  /** @param {{width: number, height: number}} image */
  setImage(image) {
    this.image = { width: image.width, height: image.height };
    this.fit();
  }

  /** @param {number} width @param {number} height the stage, in CSS pixels */
  resize(width, height) {
    if (width === this.stage.width && height === this.stage.height) return;
    const middle = this.toImage({ x: this.stage.width / 2, y: this.stage.height / 2 });
    this.stage = { width, height };
    if (this.fitted) this.fit();
    else this.#place(this.scale, middle, { x: width / 2, y: height / 2 });
  }

  /** The scale at which the whole image shows. */
  get fitScale() {
    const margin = 16;
    const across = Math.max(1, this.stage.width - 2 * margin) / this.image.width;
    const down = Math.max(1, this.stage.height - 2 * margin) / this.image.height;
    return Math.min(across, down);
  }

  fit() {
    this.scale = this.fitScale;
    this.left = (this.stage.width - this.image.width * this.scale) / 2;
    this.top = (this.stage.height - this.image.height * this.scale) / 2;
    this.fitted = true;
    this.dispatchEvent(new Event("change"));
  }

  /** Lie as another one does. @param {Viewport} other of a stage and a picture of the same size */
  take({ scale, left, top, fitted }) {
    Object.assign(this, { scale, left, top, fitted });
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Point} at on the stage; stays over the same pixel of the image @param {number} factor */
  zoomAt(at, factor) {
    this.zoomTo(at, this.scale * factor);
  }

  /** @param {Point} at on the stage @param {number} scale CSS pixels per image pixel */
  zoomTo(at, scale) {
    const smallest = Math.min(this.fitScale / 2, 1);
    this.#place(clamp(scale, smallest, LARGEST_SCALE), this.toImage(at), at);
  }

  /** @param {number} dx @param {number} dy CSS pixels */
  panBy(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.#settle();
  }

  /** Bring a part of the image to the middle, as large as is useful. @param {Bounds} part in image pixels */
  show(part) {
    const width = Math.max(part.right - part.left, 8);
    const height = Math.max(part.bottom - part.top, 8);
    const scale = Math.min((this.stage.width * 0.5) / width, (this.stage.height * 0.5) / height, 8);
    this.centre(part, Math.max(scale, this.fitScale));
  }

  /** Bring the middle of a part of the image to the middle. @param {Bounds} part in image pixels @param {number} scale CSS pixels per image pixel */
  centre(part, scale) {
    const middle = { x: (part.left + part.right) / 2, y: (part.top + part.bottom) / 2 };
    this.#place(clamp(scale, this.fitScale, LARGEST_SCALE), middle, { x: this.stage.width / 2, y: this.stage.height / 2 });
  }

  /** Pan as little as brings a part of the image into view. @param {Bounds} part in image pixels */
  reveal(part) {
    const low = this.toStage({ x: part.left, y: part.top });
    const high = this.toStage({ x: part.right, y: part.bottom });
    const dx = nudge(low.x, high.x, this.stage.width);
    const dy = nudge(low.y, high.y, this.stage.height);
    if (dx || dy) this.panBy(dx, dy);
  }

  /** @param {Point} point on the stage @returns {Point} in image pixels */
  toImage(point) {
    return { x: (point.x - this.left) / this.scale, y: (point.y - this.top) / this.scale };
  }

  /** @param {Point} point in image pixels @returns {Point} on the stage */
  toStage(point) {
    return { x: point.x * this.scale + this.left, y: point.y * this.scale + this.top };
  }

  /** @returns {Bounds} the part of the image plane that shows, in image pixels */
  get window() {
    const low = this.toImage({ x: 0, y: 0 });
    const high = this.toImage({ x: this.stage.width, y: this.stage.height });
    return { left: low.x, top: low.y, right: high.x, bottom: high.y };
  }

  /** @param {number} scale @param {Point} image @param {Point} stage */
  #place(scale, image, stage) {
    this.scale = scale;
    this.left = stage.x - image.x * scale;
    this.top = stage.y - image.y * scale;
    this.#settle();
  }

  /** Some of the image always stays in view. */
  #settle() {
    this.fitted = false;
    const width = this.image.width * this.scale;
    const height = this.image.height * this.scale;
    this.left = clamp(this.left, KEPT_IN_VIEW - width, this.stage.width - KEPT_IN_VIEW);
    this.top = clamp(this.top, KEPT_IN_VIEW - height, this.stage.height - KEPT_IN_VIEW);
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {number} low @param {number} high @param {number} room */
function nudge(low, high, room) {
  const margin = 24;
  if (low >= 0 && high <= room) return 0;
  if (high - low > room - 2 * margin) return room / 2 - (low + high) / 2;
  return low < 0 ? margin - low : room - margin - high;
}
