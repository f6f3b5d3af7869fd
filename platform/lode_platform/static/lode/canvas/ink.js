// @ts-check
/** Words on a canvas: how wide they are, and in which ink they read best on a colour. */

/** @type {Map<string, number>} */
const widths = new Map();

/** Measuring a text costs more than drawing it. @param {CanvasRenderingContext2D} context @param {string} text */
export function widthOf(context, text) {
  const key = `${context.font} ${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  const width = context.measureText(text).width;
  widths.set(key, width);
  return width;
}

/** @type {Map<string, string>} */
const inks = new Map();

/** Black or white, whichever reads better on a colour. @param {string} colour as #rrggbb or rgb(r, g, b) */
export function inkOn(colour) {
  const known = inks.get(colour);
  if (known) return known;
  const [red, green, blue] = channels(colour).map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
  const ink = luminance > 0.179 ? "#000000" : "#ffffff";
  inks.set(colour, ink);
  return ink;
}

/** @param {string} colour @returns {number[]} 0 to 255 */
function channels(colour) {
  const hex = /^#([0-9a-f]{6})$/i.exec(colour)?.[1];
  if (hex) return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return (/^rgba?\((.+)\)$/.exec(colour)?.[1] ?? "").split(/[\s,/]+/).slice(0, 3).map(Number);
}
