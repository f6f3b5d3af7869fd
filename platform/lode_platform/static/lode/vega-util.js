// @ts-check
// What the interpreter needs of vega-util, taken from Vega's own bundle instead of shipping it twice.
import "../vendor/vega/vega.min.js";

const vega = /** @type {any} */ (globalThis).vega;

export const { ascending, isString, DisallowedObjectProperties } = vega;
