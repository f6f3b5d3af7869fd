// @ts-check
/** Spans of texts: from one character to another, which the document shows and edits (`text/`); they lie on no picture. */

import { gettext } from "../../lode/words.js";

/** @typedef {import("../model/types.js").Region & {start: number, end: number, text: string}} SpanRegion in code points; `text` is what stands there */

/** So much of a quote is shown in a list. */
const EXCERPT = 80;

/** @type {import("./index.js").Shape<SpanRegion>} */
export const span = {
  name: "span",
  drawn: true,
  inText: true,
  result: "labels",
  control: "Labels",
  icon: "M4 7h16M4 12h7M4 17h16",
  key: "",
  titles: () => ({ many: gettext("spans"), draw: gettext("Mark words"), place: gettext("Mark the next word") }),
  read: (geometry) => spanIn(geometry),
  decode: (value) => spanIn(value),
  encode: ({ start, end, text }) => ({ start, end, text }),
  differs: (was, is) => was.start !== is.start || was.end !== is.end,
  bounds: ({ start, end }) => ({ left: start, top: 0, right: end, bottom: 1 }),
  area: ({ start, end }) => end - start,
  upright: () => false,
  hit: () => false,
  trace: () => {},
  measure: ({ text }) => excerpt(text),
  move: (region) => region,
  handles: () => [],
  drag: (region) => region,
  place: () => ({}),
};

/** @param {any} value @returns {{start: number, end: number, text: string}|null} */
function spanIn(value) {
  const { start, end, text = "" } = value ?? {};
  const isOne = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end > start && typeof text === "string";
  return isOne ? { start, end, text } : null;
}

/** A quote in one line. @param {string} text */
export function excerpt(text) {
  const line = text.replace(/\s+/gu, " ").trim();
  const points = Array.from(line.slice(0, 2 * EXCERPT + 2));
  return points.length > EXCERPT ? `${points.slice(0, EXCERPT).join("")}…` : line;
}
