// @ts-check
// The shell's own words, translated by the server and handed over as JSON.

/** @type {Record<string, string>} */
let words = {};
const source = document.getElementById("lode-words");
if (source?.textContent) words = JSON.parse(source.textContent);

/**
 * @param {string} key
 * @param {string} fallback English, used where the page carries no translation
 */
export function word(key, fallback) {
  return words[key] ?? fallback;
}
