// @ts-check
/** Texts, as pages take and show them. */

/** @type {import("./index.js").Medium} */
export const text = { kind: "text", isPicture: false, endings: /\.txt$/i };
