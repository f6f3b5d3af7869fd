// @ts-check
/** Texts: decoded as the SDK decodes them, and shown as text content alone. */

import { ngettext } from "../../lode/words.js";

/** @typedef {import("./index.js").Shown} Shown */
/** @typedef {import("../model/types.js").Media} Media */

export const kind = "text";

/**
 * @param {Media} media
 * @returns {Promise<Shown>}
 */
export async function load(media) {
  const response = await fetch(media.url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const text = decoded(new Uint8Array(await response.arrayBuffer()));
  return { source: null, text, size: { width: 1, height: 1 }, close: () => {} };
}

/**
 * UTF-8 with or without a byte order mark, or UTF-16 with one; the mark is left out.
 * @param {Uint8Array} bytes
 * @returns {string}
 * @throws {TypeError} where the bytes are not that
 */
export function decoded(bytes) {
  const mark = bytes.length > 1 ? ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0) : 0;
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

/** @param {Media} media @returns {string} how large it is, in words */
export function sizeWords(media) {
  return ngettext("{n} character", "{n} characters", media.length ?? 0);
}
