// @ts-check
/** Images, as pages take and show them. */

/** @type {import("./index.js").Medium} */
export const image = { kind: "image", isPicture: true, endings: /\.(jpe?g|jpe|jfif|mpo|png|webp|avif|bmp|gif|tiff?|hei[cf]|dcm)$/i };
