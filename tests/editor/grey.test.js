import assert from "node:assert/strict";
import { test } from "node:test";
import { Grey, shades } from "../../annotation/lode_annotation/static/editor/view/grey.js";

/** Values as the server sends them. @param {number[]} pixels @param {{scale?: number, least?: number, low?: number, high?: number}} [said] */
function sent(pixels, { scale = 1, least = 0, low = 0, high = 1 } = {}) {
  const bytes = new DataView(new ArrayBuffer(48 + 2 * pixels.length));
  [..."LODEGREY"].forEach((letter, at) => bytes.setUint8(at, letter.charCodeAt(0)));
  bytes.setUint32(8, pixels.length, true);
  bytes.setUint32(12, 1, true);
  [scale, least, low, high].forEach((number, at) => bytes.setFloat64(16 + 8 * at, number, true));
  pixels.forEach((pixel, at) => bytes.setUint16(48 + 2 * at, pixel, true));
  return bytes.buffer;
}

globalThis.document = { createElement: () => ({}) };

test("a window spreads its values from black to white and cuts off the others", () => {
  const bytes = new Uint8Array(shades(1000, 2000).buffer);
  const shade = (/** @type {number} */ pixel) => [...bytes.slice(pixel * 4, pixel * 4 + 4)];
  assert.deepEqual([999, 1000, 1500, 2000, 65535].map((pixel) => shade(pixel)[0]), [0, 0, 128, 255, 255]);
  assert.deepEqual(shade(1500), [128, 128, 128, 255]);
});

test("a window may lie outside of the pixels, and be of no width", () => {
  for (const [low, high] of [[-500, -100], [70000, 90000], [30, 30]]) {
    const all = new Uint8Array(shades(low, high).buffer);
    assert.ok([0, 255].includes(all[0]) && all[3] === 255);
  }
});

test("values are read in the picture's own numbers", () => {
  const grey = new Grey(sent([7, 9, 65535], { scale: 0.5, least: -10, low: -5, high: 5 }));
  assert.deepEqual(grey.size, { width: 3, height: 1 });
  assert.deepEqual(grey.range, { low: -6.5, high: 32757.5 });
  assert.deepEqual(grey.own, { low: -5, high: 5 });
});

test("bytes that are no values, or not all of them, are refused", () => {
  assert.throws(() => new Grey(sent([1, 2]).slice(0, 50)));
  assert.throws(() => new Grey(new ArrayBuffer(64)));
});
