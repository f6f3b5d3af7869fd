// @ts-check
/** Level and window of a grey picture of more than 8 bits: the middle and the width of the values that are told apart. */

import { find } from "../../lode/dom.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("./grey.js").Grey} Grey */
/** @typedef {import("./grey.js").Window} Window */

const NAME = "lode window";
/** Pixels in sight that are painted at every move of a slider; of more, a small copy is. */
const AT_ONCE = 1 << 20;
/** After the last move the whole picture is painted. */
const REST = 150;
/** Of the slider's whole length, and of the window's own width. */
const STEP = 0.05;

export class Levels {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    /** @type {Grey|null} */
    this.grey = null;
    /** @type {Window} */
    this.range = { low: 0, high: 1 };
    /** @type {Window} */
    this.window = { low: 0, high: 1 };
    this.queue = "";
    this.frame = 0;
    this.rest = 0;
    this.level = /** @type {HTMLInputElement} */ (find("[data-level]", editor.root));
    this.width = /** @type {HTMLInputElement} */ (find("[data-width]", editor.root));
    for (const slider of [this.level, this.width]) {
      slider.addEventListener("input", () => this.choose(Number(this.level.value), Number(this.width.value)));
    }
  }

  /** @param {Grey|null} grey that of the picture in sight, painted in its own window @param {string} queue whose choice holds */
  show(grey, queue) {
    this.#stop();
    this.grey = grey;
    this.queue = queue;
    this.editor.root.classList.toggle("has-window", grey !== null);
    if (!grey) return;
    this.range = grey.range;
    const span = Math.max(this.range.high - this.range.low, grey.scale);
    Object.assign(this.level, { min: String(this.range.low), max: String(this.range.high), step: String(span / 1000) });
    Object.assign(this.width, { min: String(span / 1000), max: String(span), step: String(span / 1000) });
    const chosen = read(this.queue);
    this.window = chosen ?? grey.own;
    if (chosen) grey.paint(chosen);
    this.#say();
  }

  /** @param {number} level @param {number} width in values */
  choose(level, width) {
    const wide = Math.max(width, Number(this.width.min));
    this.#set({ low: level - wide / 2, high: level + wide / 2 });
    write(this.queue, this.window);
  }

  /** Move the level by so many steps. @param {number} by */
  move(by) {
    const { low, high } = this.window;
    this.choose((low + high) / 2 + by * STEP * (high - low), high - low);
  }

  /** Widen the window by so many steps. @param {number} by */
  widen(by) {
    const { low, high } = this.window;
    this.choose((low + high) / 2, (high - low) * (1 + STEP) ** by);
  }

  /** The picture's own window again. */
  reset() {
    if (!this.grey) return;
    this.#set(this.grey.own);
    write(this.queue, null);
  }

  /** @param {Window} window */
  #set(window) {
    this.window = window;
    this.#say();
    if (!this.frame) this.frame = requestAnimationFrame(() => this.#paint());
  }

  #say() {
    const { low, high } = this.window;
    this.level.value = String((low + high) / 2);
    this.width.value = String(high - low);
    const words = (/** @type {number} */ value) => String(Number(value.toPrecision(4)));
    find("[data-window]", this.editor.root).textContent = `${words((low + high) / 2)} / ${words(high - low)}`;
  }

  /** What is in sight, at once; the rest of the picture when the hand rests. */
  #paint() {
    this.frame = 0;
    clearTimeout(this.rest);
    const { grey, window } = this;
    if (!grey) return;
    const began = performance.now();
    const { scene, viewport } = this.editor.stage;
    const view = viewport.window;
    const { width, height } = grey.size;
    const part = {
      left: Math.max(0, Math.floor(view.left)),
      top: Math.max(0, Math.floor(view.top)),
      right: Math.min(width, Math.ceil(view.right)),
      bottom: Math.min(height, Math.ceil(view.bottom)),
    };
    if ((part.right - part.left) * (part.bottom - part.top) > AT_ONCE) {
      const { canvas, size } = grey.painted(window);
      scene.setPicture(canvas, size);
    } else {
      grey.paint(window, part);
      scene.setPicture(grey.canvas, grey.size);
    }
    scene.drawNow();
    performance.measure("editor:window", { start: began });
    this.rest = setTimeout(() => {
      grey.paint(this.window);
      scene.setPicture(grey.canvas, grey.size);
    }, REST);
  }

  #stop() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.rest);
    this.frame = 0;
  }
}

/** @param {string} queue @returns {Window|null} what was chosen in this browser */
function read(queue) {
  try {
    const { low, high } = JSON.parse(localStorage.getItem(`${NAME} ${queue}`) ?? "{}");
    return low < high ? { low, high } : null;
  } catch {
    return null;
  }
}

/** @param {string} queue @param {Window|null} window */
function write(queue, window) {
  try {
    if (window) localStorage.setItem(`${NAME} ${queue}`, JSON.stringify(window));
    else localStorage.removeItem(`${NAME} ${queue}`);
  } catch {
    // It holds for this page then.
  }
}
