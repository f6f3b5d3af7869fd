// @ts-check
/** Images decoded ahead, so that showing one costs a frame. */

import { image } from "../../lode/media/image.js";
import { ngettext } from "../../lode/words.js";
import { Grey } from "../view/grey.js";

/** @typedef {import("./index.js").Shown} Shown */
/** @typedef {import("../model/types.js").Media} Media */

export const { kind } = image;

/**
 * @param {Media} media
 * @param {number} page from 0 on
 * @returns {Promise<Shown>} upright: browsers apply EXIF
 */
export async function load(media, page) {
  return media.values ? grey(addressOf(media.values, page)) : picture(addressOf(media.url, page));
}

/** @param {string} address @param {number} page */
function addressOf(address, page) {
  return page ? `${address}&page=${page}` : address;
}

/** @param {string} address of values @returns {Promise<Shown>} painted in the window that the server says */
async function grey(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const found = new Grey(await answer.arrayBuffer());
  found.paint(found.own);
  return { source: found.canvas, text: null, size: found.size, grey: found, close: () => {} };
}

/** @param {string} address @returns {Promise<Shown>} */
async function picture(address) {
  const picture = new Image();
  picture.decoding = "async";
  picture.src = address;
  await picture.decode();
  const size = { width: picture.naturalWidth, height: picture.naturalHeight };
  if (typeof createImageBitmap !== "function") return { source: picture, text: null, size, close: () => {} };
  const bitmap = await createImageBitmap(picture, { imageOrientation: "from-image" });
  return { source: bitmap, text: null, size: { width: bitmap.width, height: bitmap.height }, close: () => bitmap.close() };
}

/** @param {Media} media @returns {string} how large it is, in words */
export function sizeWords(media) {
  const { width, height, pages = 1 } = media;
  const size = `${width} × ${height}`;
  return pages > 1 ? `${size}, ${ngettext("{n} page", "{n} pages", pages)}` : size;
}
