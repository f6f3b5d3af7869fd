// @ts-check
/** Where characters, as people see them, and words begin and end. Offsets are UTF-16 units. Pure. */

/** So much of the text around a place is looked at: no character and hardly a word is longer. */
const AROUND = 256;
const SPACE = /\s/u;

/** @type {Map<"grapheme"|"word", Intl.Segmenter>} */
const segmenters = new Map();

/** @param {"grapheme"|"word"} granularity */
function segmenter(granularity) {
  const known = segmenters.get(granularity);
  if (known) return known;
  const made = new Intl.Segmenter(undefined, { granularity });
  segmenters.set(granularity, made);
  return made;
}

/** @typedef {{from: number, to: number}} Range */

/** The parts around a place. @param {string} text @param {number} at @param {"grapheme"|"word"} granularity @returns {(Range & {isWord: boolean})[]} */
function around(text, at, granularity) {
  let start = Math.max(0, at - AROUND);
  // Neither a pair nor a line's end nor, where there is a space, a word is cut in two.
  const space = start && text.slice(start, at).search(SPACE);
  if (space > 0) start += space;
  else if (isSecondHalf(text, start)) start -= 1;
  const part = text.slice(start, at + AROUND);
  const found = Array.from(segmenter(granularity).segment(part), ({ index, segment, isWordLike = false }) => ({ from: start + index, to: start + index + segment.length, isWord: isWordLike }));
  if (found.length > 1 && start + part.length < text.length) found.pop(); // it may go on
  return found;
}

/** @param {string} text @param {number} at */
function isSecondHalf(text, at) {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** The end of the character at a place. @param {string} text @param {number} at */
export function nextCharacter(text, at) {
  if (at >= text.length) return text.length;
  return around(text, at, "grapheme").find(({ to }) => to > at)?.to ?? text.length;
}

/** The beginning of the character before a place. @param {string} text @param {number} at */
export function previousCharacter(text, at) {
  if (at <= 0) return 0;
  return around(text, at, "grapheme").findLast(({ from }) => from < at)?.from ?? 0;
}

/** The word at a place or, where there is none, the next one; null after the last. @param {string} text @param {number} at @returns {Range|null} */
export function wordFrom(text, at) {
  for (let from = at; from < text.length; from += AROUND) {
    const found = around(text, from, "word").find(({ to, isWord }) => isWord && to > at);
    if (found) return { from: found.from, to: found.to };
  }
  return null;
}

/** The last word that begins before a place; null before the first. @param {string} text @param {number} at @returns {Range|null} */
export function wordBefore(text, at) {
  for (let to = at; to > 0; to -= AROUND) {
    const found = around(text, to, "word").findLast(({ from, isWord }) => isWord && from < at);
    if (found) return { from: found.from, to: found.to };
  }
  return null;
}

/**
 * What a hand selected, as it is meant: whole characters, without the space around them; null where nothing is left.
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @returns {Range|null}
 */
export function meant(text, from, to) {
  let [start, end] = from <= to ? [from, to] : [to, from];
  while (start < end && SPACE.test(text.charAt(start))) start += 1;
  while (end > start && SPACE.test(text.charAt(end - 1))) end -= 1;
  if (start >= end) return null;
  start = previousCharacter(text, nextCharacter(text, start));
  return { from: start, to: nextCharacter(text, previousCharacter(text, end)) };
}

/**
 * Every place at which some words stand, none within another.
 * @param {string} text
 * @param {string} words
 * @param {{anyCase?: boolean, whole?: boolean}} [how] whole: not within longer words
 * @returns {Range[]}
 */
export function placesOf(text, words, { anyCase = false, whole = false } = {}) {
  if (!words) return [];
  const said = words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/gu, "\\s+");
  const letter = "[\\p{L}\\p{N}\\p{M}]";
  const pattern = whole ? `(?<!${letter}(?=${letter}))${said}(?!(?<=${letter})${letter})` : said;
  return Array.from(text.matchAll(new RegExp(pattern, anyCase ? "giu" : "gu")), ({ index, 0: found }) => ({ from: index, to: index + found.length }));
}
