// @ts-check
/** Pictures decoded ahead, so that showing one costs a frame. */

/** @typedef {import("../model/types.js").Media} Media */
/** @typedef {{source: CanvasImageSource, size: {width: number, height: number}, close: () => void}} Picture */

/**
 * @param {Media} media
 * @returns {Promise<Picture>} upright: browsers apply EXIF
 */
export async function load(media) {
  const image = new Image();
  image.decoding = "async";
  image.src = media.url;
  await image.decode();
  const size = { width: image.naturalWidth, height: image.naturalHeight };
  if (typeof createImageBitmap !== "function") return { source: image, size, close: () => {} };
  const bitmap = await createImageBitmap(image, { imageOrientation: "from-image" });
  return { source: bitmap, size: { width: bitmap.width, height: bitmap.height }, close: () => bitmap.close() };
}
