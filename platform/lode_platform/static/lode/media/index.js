// @ts-check
/**
 * The media that pages know: one module and one line here each. How the editor loads one stands in `editor/media/`.
 *
 * @typedef {object} Medium
 * @property {string} kind as an item names it
 * @property {boolean} isPicture whether it is looked at on the canvas; what is not is read as text
 * @property {RegExp} endings of the files that may be of it
 */

import { image } from "./image.js";
import { list } from "./list.js";
import { text } from "./text.js";

const MEDIA = [image, text, list];

/** @param {string} [kind] @returns {Medium} images where it is not known */
export function mediumNamed(kind) {
  return MEDIA.find((medium) => medium.kind === kind) ?? image;
}

/** @param {string} path @returns {Medium|null} by its ending; null where none has it */
export function mediumOfFile(path) {
  return MEDIA.find((medium) => medium.endings.test(path)) ?? null;
}
