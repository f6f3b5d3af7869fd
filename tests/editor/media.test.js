import assert from "node:assert/strict";
import { test } from "node:test";
import { mediumNamed, mediumOfFile } from "../../platform/lode_platform/static/lode/media/index.js";

test("a file's medium is told by its ending, an item's by its kind", () => {
  assert.equal(mediumOfFile("a/b.JPG")?.kind, "image");
  assert.equal(mediumOfFile("a.png.txt")?.kind, "text");
  assert.equal(mediumOfFile("a.zip"), null);
  assert.deepEqual([mediumNamed("text").isPicture, mediumNamed("image").isPicture], [false, true]);
});
