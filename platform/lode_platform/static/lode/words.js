// @ts-check
// The words of our scripts in the reader's language, from the catalogue that the page loads before any module.

/** @typedef {{gettext: (english: string) => string, ngettext: (one: string, many: string, n: number) => string}} Catalogue */

/** Django's, where a page has loaded one. @returns {Partial<Catalogue>} */
function catalogue() {
  return /** @type {{django?: Partial<Catalogue>}} */ (globalThis).django ?? {};
}

/**
 * @param {string} sentence
 * @param {Record<string, string|number>} values
 */
function filled(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * A sentence in the reader's language; `{name}` is filled in.
 * @param {string} english
 * @param {Record<string, string|number>} [values]
 */
export function gettext(english, values = {}) {
  return filled(catalogue().gettext?.(english) ?? english, values);
}

/**
 * The form of a sentence that goes with a number, by the rules of the reader's language; `{n}` is filled in.
 * @param {string} one English, for 1
 * @param {string} many English, for any other number
 * @param {number} n
 */
export function ngettext(one, many, n) {
  return filled(catalogue().ngettext?.(one, many, n) ?? (n === 1 ? one : many), { n });
}
