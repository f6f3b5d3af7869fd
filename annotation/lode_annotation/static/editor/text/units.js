// @ts-check
/** Offsets in a text: regions count Unicode code points, as results and versions do; the browser counts UTF-16 units. Pure. */

export class Units {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** The units at which code points of two units begin. @type {number[]} */
    this.pairs = [];
    const pair = /[\ud800-\udbff][\udc00-\udfff]/g;
    while (pair.test(text)) this.pairs.push(pair.lastIndex - 2);
    /** How long the text is, in code points. */
    this.length = text.length - this.pairs.length;
  }

  /** The code point that a unit belongs to. @param {number} unit */
  toPoint(unit) {
    const within = Math.min(Math.max(unit, 0), this.text.length);
    // the second half of a pair belongs to the point that begins before it
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
 * @template T
 * @param {readonly T[]} list
 * @param {(value: T, at: number) => boolean} below
 */
export function countBelow(list, below) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (below(/** @type {T} */ (list[middle]), middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
