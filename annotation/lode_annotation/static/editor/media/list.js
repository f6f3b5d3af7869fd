// @ts-check
/** Lists of entries: read as a document, and given to the forms that rank them. */

import { list } from "../../lode/media/list.js";
import { textAt } from "../../lode/text.js";
import { ngettext } from "../../lode/words.js";

/** @typedef {import("./index.js").Entry} Entry */
/** @typedef {import("./index.js").Shown} Shown */
/** @typedef {import("../model/types.js").Media} Media */

export const { kind } = list;

/** The entries of a list's JSON lines, in their order. @param {string} lines @returns {Entry[]} */
export function entriesOf(lines) {
  return lines
    .split("\n")
    .filter((line) => line.trim())
    .map((line) => JSON.parse(line))
    .map(({ id, title, body }) => ({ id: String(id), title: String(title || "").trim(), body: String(body || "").trim() }));
}

/** How a list is read: each entry under its number. @param {readonly Entry[]} entries */
function asText(entries) {
  return entries.map(({ title, body }, at) => [`${at + 1}. ${title}`.trim(), body].filter(Boolean).join("\n")).join("\n\n");
}

/**
 * @param {Media} media
 * @returns {Promise<Shown>}
 */
export async function load(media) {
  const [lines, { Texts }] = await Promise.all([textAt(media.url), import("../text/index.js")]);
  const entries = entriesOf(lines);
  return { source: null, text: asText(entries), Texts, entries, size: { width: 1, height: 1 }, close: () => {} };
}

/** @param {Media} media @returns {string} how large it is, in words */
export function sizeWords(media) {
  return ngettext("{n} entry", "{n} entries", media.length ?? 0);
}
