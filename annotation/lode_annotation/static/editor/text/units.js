// @ts-check
/** Offsets in a text: regions count Unicode code points, as results and versions do; the browser counts UTF-16 units. Pure. */

export class Units {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** The units at which code points of two units begin. @type {number[]} */
    this.pairs = [];
    for (const { index } of text.matchAll(/[\u{10000}-\u{10ffff}]/gu)) this.pairs.push(index);
    /** How long the text is, in code points. */
    this.length = text.length - this.pairs.length;
  }

  /** The code point that a unit belongs to. @param {number} unit */
  toPoint(unit) {
    const within = Math.min(Math.max(unit, 0), this.text.length);
    // of a pair that begins before it, the second half is no point of its own
    return within - countBelow(this.pairs, (pair) => pair < within);
  }

  /** Where a code point begins. @param {number} point */
  toUnit(point) {
    const within = Math.min(Math.max(point, 0), this.length);
    return within + countBelow(this.pairs, (pair, at) => pair - at < within);
  }

  /** From one unit to another, as a region holds it. @param {number} from @param {number} to */
  span(from, to) {
    const [start, end] = [this.toPoint(from), this.toPoint(to)];
    return { start, end, text: this.text.slice(this.toUnit(start), this.toUnit(end)) };
  }
}

/**
 * How many of an ascending list are below something: a binary search.
 * @param {readonly number[]} list
 * @param {(value: number, at: number) => boolean} below
 */
export function countBelow(list, below) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (below(/** @type {number} */ (list[middle]), middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
