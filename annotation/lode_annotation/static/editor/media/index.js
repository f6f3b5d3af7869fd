// @ts-check
/** The media of items, those of `lode/media/`: one module and one line here each, which loads an item and says how large it is. */

import * as image from "./image.js";
import * as list from "./list.js";
import * as text from "./text.js";

/** @typedef {import("../model/types.js").Media} Media */
/** @typedef {{id: string, title: string, body: string}} Entry one of a list */
/**
 * An item loaded: an image's pixels as `source` and its own `size`, a document's `text`, or a list's `entries`, which are read as one.
 * @typedef {object} Shown
 * @property {CanvasImageSource|null} source
 * @property {string|null} text
 * @property {typeof import("../text/index.js").Texts} [Texts] what reads the text
 * @property {readonly Entry[]} [entries] of a list
 * @property {{width: number, height: number}} size
 * @property {import("../view/grey.js").Grey} [grey] of more than 8 bits, which is shown in a window
 * @property {() => void} close
 */
/** @typedef {{kind: string, load: (media: Media, page: number) => Promise<Shown>, sizeWords: (media: Media) => string}} Medium */

/** @type {ReadonlyMap<string, Medium>} */
const MEDIA = new Map([image, text, list].map((medium) => [medium.kind, medium]));

/** @param {Media} media @returns {Medium} that of an item; images where nothing is said */
function mediumOf(media) {
  return MEDIA.get(media.kind ?? image.kind) ?? image;
}

/** @param {Media} media @param {number} page from 0 on, where it has several @returns {Promise<Shown>} */
export function load(media, page) {
  return mediumOf(media).load(media, page);
}

/** @param {Media} media @returns {string} how large it is, in words */
export function sizeWords(media) {
  return mediumOf(media).sizeWords(media);
}
