// @ts-check
/** Parts of a JSON text as they were written: what nobody changed goes back to the server letter for letter. */

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;

/**
 * The text of the value at a path of keys.
 * @param {string} text valid JSON
 * @param {readonly string[]} path
 * @returns {string|null} null where there is none
 */
export function valueAt(text, path) {
  let at = skipSpace(text, 0);
  for (const key of path) {
    const found = text[at] === "{" ? findKey(text, at, key) : -1;
    if (found < 0) return null;
    at = found;
  }
  return text.slice(at, skipValue(text, at));
}

/**
 * The texts of a list's entries.
 * @param {string} text a JSON list
 * @returns {string[]}
 */
export function entriesOf(text) {
  const entries = [];
  let at = skipSpace(text, 0);
  if (text[at] !== "[") return [];
  at = skipSpace(text, at + 1);
  while (text[at] !== "]" && at < text.length) {
    const end = skipValue(text, at);
    entries.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return entries;
}

/**
 * The entries of the list at a path.
 * @param {string} text
 * @param {readonly string[]} path
 * @returns {string[]|null} null where no list is
 */
export function listAt(text, path) {
  const list = valueAt(text, path);
  return list?.startsWith("[") ? entriesOf(list) : null;
}

/** @param {string} text @param {number} at of the opening brace @param {string} key @returns {number} of its value, or -1 */
function findKey(text, at, key) {
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const end = skipString(text, at);
    const name = JSON.parse(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== COLON) return -1;
    at = skipSpace(text, at + 1);
    if (name === key) return at;
    at = skipSpace(text, skipValue(text, at));
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return -1;
}

/** @param {string} text @param {number} at */
function skipSpace(text, at) {
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
    at += 1;
  }
}

/** @param {string} text @param {number} at of the opening quote */
function skipString(text, at) {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** @param {string} text @param {number} at @returns {number} just behind the value */
function skipValue(text, at) {
  const first = text[at];
  if (first === '"') return skipString(text, at);
  const nested = first === "{" || first === "[";
  const marks = nested ? /["{}[\]]/g : /[,\]}\s]/g;
  marks.lastIndex = at;
  if (!nested) return marks.exec(text)?.index ?? text.length;
  for (let depth = 0, mark = marks.exec(text); mark; mark = marks.exec(text)) {
    if (mark[0] === '"') marks.lastIndex = skipString(text, mark.index);
    else depth += mark[0] === "{" || mark[0] === "[" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}
