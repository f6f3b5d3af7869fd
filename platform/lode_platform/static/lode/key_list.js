// @ts-check
/** Keys and what they do, as every page lists them under `?`. */

import { h } from "./dom.js";

/**
 * @typedef {{title: string, keys: string[], acts?: Node[], below?: Node}} KeyRow `keys` as people read them; `acts` stand
 * beside them, and what has no place there in a `dd` of its own
 * @typedef {{title: string, rows: KeyRow[]}} KeyGroup
 */

/** @param {KeyGroup[]} groups those without rows are left out @returns {HTMLElement} */
export function keyList(groups) {
  const sections = groups.filter(({ rows }) => rows.length).map(({ title, rows }) => {
    const pairs = rows.flatMap((row) => [
      h("dt", {}, row.title),
      h("dd", {}, ...row.keys.map((key) => h("kbd", {}, key)), ...(row.acts ?? [])),
      ...(row.below ? [row.below] : []),
    ]);
    return h("section", {}, h("h3", {}, title), h("dl", {}, ...pairs));
  });
  return h("div", { class: "key-list" }, ...sections);
}
