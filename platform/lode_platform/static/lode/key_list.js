// @ts-check
/** Keys and what they do, as every page lists them under `?`. */

import { h } from "./dom.js";

/** @typedef {{title: string, rows: {title: string, keys: string[]}[]}} KeyGroup `keys` as people read them */

/** @param {KeyGroup[]} groups those without rows are left out @returns {HTMLElement} */
export function keyList(groups) {
  const sections = groups.filter(({ rows }) => rows.length).map(({ title, rows }) => {
    const pairs = rows.flatMap((row) => [h("dt", {}, row.title), h("dd", {}, ...row.keys.map((key) => h("kbd", {}, key)))]);
    return h("section", {}, h("h3", {}, title), h("dl", {}, ...pairs));
  });
  return h("div", { class: "key-list" }, ...sections);
}
