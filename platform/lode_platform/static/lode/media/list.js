// @ts-check
/** Lists of entries to compare or to rank, as pages take and show them: JSON lines. */

/** @type {import("./index.js").Medium} */
export const list = { kind: "list", isPicture: false, endings: /\.jsonl$/i };
