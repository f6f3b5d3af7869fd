// @ts-check
/** A text cut into blocks, of which the browser lays out those in sight alone, and the marks on each. Pure. */

import { countBelow } from "./units.js";

/**
 * A span as it is drawn, in UTF-16 units: `look` says what it means, `level` is its line, 0 the nearest to the words.
 * @typedef {object} Mark
 * @property {string} key
 * @property {number} from
 * @property {number} to
 * @property {string} colour
 * @property {string} name
 * @property {string} look
 * @property {number} level
 */
/** @typedef {{from: number, to: number, marks: readonly Mark[]}} Piece a stretch of text within the same marks */
/** @typedef {{from: number, to: number, lines: number}} Block `lines`: about as many as it fills */

/** A block has at least so many units, and a long text no more blocks than so many; a line is cut where it has more than so many. */
const BLOCK = 700;
const BLOCKS = 500;
const LONGEST = 9000;
/** About as many characters as a line holds. */
const LINE = 66;
/** So many lines lie below each other; further ones lie on the last. */
const LEVELS = 8;

/** @param {string} text @returns {Block[]} all of it, in order */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  const least = Math.max(BLOCK, Math.ceil(text.length / BLOCKS));
  for (let from = 0; from < text.length || !blocks.length; ) {
    const to = endOf(text, from, least);
    const lines = text.slice(from, to).split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LINE)), 0);
    blocks.push({ from, to, lines });
    if (to === from) break;
    from = to;
  }
  return blocks;
}

/** After the first line's end that makes a block long enough; of a longer line, after a space. @param {string} text @param {number} from @param {number} least */
function endOf(text, from, least) {
  if (text.length - from <= least) return text.length;
  const line = text.indexOf("\n", from + least) + 1;
  if (line && line - from <= least + LONGEST) return line;
  const longest = Math.min(from + least + LONGEST, text.length);
  if (longest === text.length) return longest;
  const space = text.lastIndexOf(" ", longest - 1) + 1;
  if (space > from + least) return space;
  const code = text.charCodeAt(longest);
  return code >= 0xdc00 && code <= 0xdfff ? longest - 1 : longest;
}

/** The block that a place lies in. @param {readonly Block[]} blocks @param {number} at */
export function blockAt(blocks, at) {
  return Math.max(0, countBelow(blocks, ({ from }) => from <= at) - 1);
}

/** Give each mark the first line that is free where it begins; longer ones first. @param {readonly Omit<Mark, "level">[]} marks @returns {Mark[]} in their order in the text */
export function levelled(marks) {
  /** @type {number[]} */
  const free = [];
  return [...marks]
    .sort((a, b) => a.from - b.from || b.to - a.to)
    .map((mark) => {
      const found = free.findIndex((until) => until <= mark.from);
      const level = found < 0 ? free.length : found;
      free[level] = mark.to;
      return { ...mark, level: Math.min(level, LEVELS - 1) };
    });
}

/** Whether two lists of marks are drawn alike. @param {readonly Omit<Mark, "level">[]} some @param {readonly Omit<Mark, "level">[]} others */
export function drawnAlike(some, others) {
  if (some.length !== others.length) return false;
  return some.every((one, at) => {
    const other = /** @type {Mark} */ (others[at]);
    const { level } = /** @type {Mark} */ (one);
    return one.key === other.key && one.from === other.from && one.to === other.to && one.name === other.name && one.colour === other.colour && one.look === other.look && level === other.level;
  });
}

/** The marks of each block. @param {readonly Block[]} blocks @param {readonly Mark[]} marks in order @returns {Mark[][]} */
export function byBlock(blocks, marks) {
  /** @type {Mark[][]} */
  const found = blocks.map(() => []);
  let first = 0;
  for (const mark of marks) {
    for (let next = blocks[first + 1]; next && next.from <= mark.from; next = blocks[first + 1]) first += 1;
    for (let at = first, block = blocks[at]; block && block.from < mark.to; block = blocks[(at += 1)]) found[at]?.push(mark);
  }
  return found;
}

/** A block's text in pieces. @param {Block} block @param {readonly Mark[]} marks of it, in order @returns {Piece[]} */
export function pieces(block, marks) {
  const edges = new Set([block.from, block.to]);
  for (const { from, to } of marks) {
    if (from > block.from) edges.add(from);
    if (to < block.to) edges.add(to);
  }
  const places = [...edges].sort((a, b) => a - b);
  /** @type {Mark[]} */
  let begun = [];
  let next = 0;
  const found = [];
  for (let at = 0; at + 1 < places.length; at += 1) {
    const from = /** @type {number} */ (places[at]);
    begun = begun.filter(({ to }) => to > from);
    for (let mark = marks[next]; mark && mark.from <= from; mark = marks[(next += 1)]) begun.push(mark);
    found.push({ from, to: /** @type {number} */ (places[at + 1]), marks: [...begun] });
  }
  return found;
}
