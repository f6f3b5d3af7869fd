// @ts-check
/** Texts: shown as text content alone. */

import { text } from "../../lode/media/text.js";
import { textAt } from "../../lode/text.js";
import { ngettext } from "../../lode/words.js";

/** @typedef {import("./index.js").Shown} Shown */
/** @typedef {import("../model/types.js").Media} Media */

export const { kind } = text;

/**
 * @param {Media} media
 * @returns {Promise<Shown>}
 */
export async function load(media) {
  return { source: null, text: await textAt(media.url), size: { width: 1, height: 1 }, close: () => {} };
}

/** @param {Media} media @returns {string} how large it is, in words */
export function sizeWords(media) {
  return ngettext("{n} character", "{n} characters", media.length ?? 0);
}
