// @ts-check
/** Texts: shown as text content alone. */

import { text as medium } from "../../lode/media/text.js";
import { textAt } from "../../lode/text.js";
import { ngettext } from "../../lode/words.js";

/** @typedef {import("./index.js").Shown} Shown */
/** @typedef {import("../model/types.js").Media} Media */

export const { kind } = medium;

/**
 * @param {Media} media
 * @returns {Promise<Shown>}
 */
export async function load(media) {
  const [text, { Texts }] = await Promise.all([textAt(media.url), import("../text/index.js")]);
  return { source: null, text, Texts, size: { width: 1, height: 1 }, close: () => {} };
}

/** @param {Media} media @returns {string} how large it is, in words */
export function sizeWords(media) {
  return ngettext("{n} character", "{n} characters", media.length ?? 0);
}
