// @ts-check
/** Images decoded ahead, so that showing one costs a frame. */

/** @typedef {import("./index.js").Shown} Shown */
/** @typedef {import("../model/types.js").Media} Media */

export const kind = "image";

/**
 * @param {Media} media
 * @returns {Promise<Shown>} upright: browsers apply EXIF
 */
export async function load(media) {
  const image = new Image();
  image.decoding = "async";
  image.src = media.url;
  await image.decode();
  const size = { width: image.naturalWidth, height: image.naturalHeight };
  if (typeof createImageBitmap !== "function") return { source: image, text: null, size, close: () => {} };
  const bitmap = await createImageBitmap(image, { imageOrientation: "from-image" });
  return { source: bitmap, text: null, size: { width: bitmap.width, height: bitmap.height }, close: () => bitmap.close() };
}

/** @param {Media} media @returns {string} how large it is, in words */
export function sizeWords(media) {
  return `${media.width} × ${media.height}`;
}
