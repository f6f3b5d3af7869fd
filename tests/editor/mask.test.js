import assert from "node:assert/strict";
import { test } from "node:test";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";
import { Pixels, areaOf, boundsOf, equal, flood, has, holeAt, maskOf, pixelsOf, ringsOf, stroke, wand } from "../../platform/lode_platform/static/lode/canvas/mask.js";
import { pathOf } from "../../platform/lode_platform/static/lode/canvas/outline.js";
import { fromBrush, fromCoco, toBrush } from "../../platform/lode_platform/static/lode/canvas/rle.js";
import { mask } from "../../annotation/lode_annotation/static/editor/kinds/mask.js";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";

/** Of rows of text, "#" a pixel. */
function pixels(...rows) {
  const data = Uint8Array.from(rows.join(""), (sign) => (sign === "#" ? 1 : 0));
  return new Pixels(rows[0].length, rows.length, data);
}

function text({ width, height, data }) {
  return Array.from({ length: height }, (_, y) => [...data.slice(y * width, (y + 1) * width)].map((one) => (one ? "#" : ".")).join(""));
}

/** A number from 0 to 1 after the other, always the same. */
function dice(seed) {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

const RING = pixels(".....", ".###.", ".#.#.", ".###.", ".....");

test("a mask holds the runs of its pixels within their bounds", () => {
  const found = maskOf(RING);
  assert.deepEqual(boundsOf(found), { left: 1, top: 1, right: 4, bottom: 4 });
  assert.deepEqual([...found.runs], [0, 3, 3, 4, 5, 6, 6, 9]);
  assert.equal(areaOf(found), 8);
  assert.deepEqual(text(pixelsOf(found, RING)), text(RING));
  assert.equal(maskOf(new Pixels(4, 4)), null);
  for (let y = 0; y < 5; y += 1) for (let x = 0; x < 5; x += 1) assert.equal(has(found, x, y), RING.data[y * 5 + x] === 1);
});

test("any pixels become a mask and pixels again, and a part of them alone where it is told", () => {
  for (let seed = 1; seed < 60; seed += 1) {
    const next = dice(seed);
    const [width, height] = [1 + Math.floor(next() * 17), 1 + Math.floor(next() * 17)];
    const some = new Pixels(width, height, Uint8Array.from({ length: width * height }, () => (next() < 0.4 ? 1 : 0)));
    const found = maskOf(some);
    if (!found) continue;
    assert.deepEqual(text(pixelsOf(found, some)), text(some));
    assert.ok(equal(found, maskOf(some, boundsOf(found))));
    const part = { left: Math.floor(width / 2), top: Math.floor(height / 2), right: width, bottom: height };
    const cut = maskOf(some, part);
    const count = cut ? areaOf(cut) : 0;
    let expected = 0;
    for (let y = part.top; y < height; y += 1) for (let x = part.left; x < width; x += 1) expected += some.data[y * width + x];
    assert.equal(count, expected);
  }
});

test("a brush paints a disc, a stroke a capsule, and an eraser takes it away", () => {
  const own = new Pixels(9, 7);
  assert.deepEqual(stroke(own, { x: 3.5, y: 3.5 }, { x: 3.5, y: 3.5 }, 2.3, 1), { left: 1, top: 1, right: 6, bottom: 6 });
  assert.deepEqual(text(own), [".........", "..###....", ".#####...", ".#####...", ".#####...", "..###....", "........."]);
  stroke(own, { x: 3.5, y: 3.5 }, { x: 6.5, y: 3.5 }, 2.3, 1);
  assert.deepEqual(text(own), [".........", "..######.", ".########", ".########", ".########", "..######.", "........."]);
  stroke(own, { x: 0, y: 3.5 }, { x: 9, y: 3.5 }, 0.5, 0);
  assert.equal(text(own)[3], ".........");
  assert.equal(stroke(own, { x: -9, y: 0 }, { x: -9, y: 3 }, 2, 1), null);
});

test("a stroke takes the pixels whose centres lie no farther than its radius", () => {
  const next = dice(7);
  for (let turn = 0; turn < 200; turn += 1) {
    const own = new Pixels(30, 30);
    const [a, b] = [0, 1].map(() => ({ x: next() * 30, y: next() * 30 }));
    const radius = 1 + next() * 6;
    stroke(own, a, b, radius, 1);
    for (let at = 0; at < 900; at += 1) {
      const p = { x: (at % 30) + 0.5, y: Math.floor(at / 30) + 0.5 };
      const length = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
      const part = Math.min(1, Math.max(0, ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / length));
      const away = Math.hypot(p.x - a.x - part * (b.x - a.x), p.y - a.y - part * (b.y - a.y));
      if (Math.abs(away - radius) > 1e-6) assert.equal(own.data[at] === 1, away < radius, `${JSON.stringify([a, b, radius, p])}`);
    }
  }
});

test("a flood goes by sides, not by corners", () => {
  const walls = pixels("..#..", ".#...", "#....");
  const found = flood(walls, 0, 0, (at) => walls.data[at] === 0);
  assert.deepEqual(text(found), ["##...", "#....", "....."]);
});

test("a hole is filled where one is, and what is open is not", () => {
  const found = maskOf(RING);
  assert.deepEqual({ ...holeAt(found, 2, 2), runs: null }, { left: 2, top: 2, width: 1, height: 1, runs: null });
  assert.equal(holeAt(found, 0, 0), null);
  assert.equal(holeAt(found, 1, 1), null);
  assert.equal(holeAt(maskOf(pixels("###", "#.#", "#.#")), 1, 1), null);
});

test("the wand takes what is near in colour, by the straight distance", () => {
  const colours = [[10, 10, 10], [13, 14, 10], [30, 10, 10], [10, 10, 10]];
  const picture = { width: 4, height: 1, data: Uint8ClampedArray.from(colours.flatMap((one) => [...one, 255])) };
  assert.deepEqual(text(wand(picture, 0, 0, 4.9)), ["#..."]);
  assert.deepEqual(text(wand(picture, 0, 0, 5)), ["##.."]);
  assert.deepEqual(text(wand(picture, 0, 0, 30)), ["####"]);
});

test("rings run along the edges of pixels, around parts and holes", () => {
  const rings = ringsOf(maskOf(RING)).map((ring) => ring.map(({ x, y }) => `${x},${y}`).sort());
  assert.deepEqual(rings, [["1,1", "1,4", "4,1", "4,4"], ["2,2", "2,3", "3,2", "3,3"]]);
  assert.equal(ringsOf(maskOf(pixels("#.", ".#"))).length, 2);
  for (let seed = 1; seed < 60; seed += 1) {
    const next = dice(seed);
    const some = new Pixels(8, 8, Uint8Array.from({ length: 64 }, () => (next() < 0.5 ? 1 : 0)));
    const found = maskOf(some);
    let twice = 0;
    for (const ring of ringsOf(found)) ring.forEach((a, at) => (twice += a.x * ring[(at + 1) % ring.length].y - ring[(at + 1) % ring.length].x * a.y));
    assert.equal(twice / 2, areaOf(found));
  }
});

// Written out by label-studio-sdk's mask2rle and pycocotools' encode.
const WRITTEN = [
  { rows: [".....", ".###.", ".#.#.", ".###.", "....."], rle: [0, 0, 0, 100, 57, 27, 254, 23, 0, 183, 255, 56, 4, 127, 241, 128, 71, 255, 56, 5, 191, 252, 46, 0], counts: "632NO0124" },
  { rows: ["#"], rle: [0, 0, 0, 4, 57, 27, 252, 127, 224], counts: "01" },
  { rows: ["##", "##"], rle: [0, 0, 0, 16, 57, 27, 253, 255, 240], counts: "04" },
  { rows: ["#..#", "....", "#..#"], rle: [0, 0, 0, 48, 57, 27, 252, 127, 243, 128, 71, 255, 124, 2, 63, 249, 192, 35, 255, 0], counts: "011050K0" },
  { rows: ["##..####.", "##.#...#.", ".##.##..#", ".#.##..#.", "#..#....#", "..#.###.#", ".#.#.##.."], rle: [0, 0, 0, 252, 57, 27, 252, 255, 243, 128, 95, 255, 140, 2, 127, 248, 192, 35, 255, 182, 1, 31, 252, 224, 19, 255, 198, 1, 63, 252, 224, 17, 255, 198, 1, 31, 252, 96, 19, 255, 206, 1, 31, 252, 96, 17, 255, 206, 1, 31, 253, 240, 8, 255, 231, 0, 143, 254, 48, 11, 127, 241, 128, 71, 255, 24, 4, 127, 241, 128, 71, 255, 24, 4, 255, 243, 128, 0], counts: "022O030M000000O100000O00001221MM40L10" },
  { rows: ["................................................................................", "...##########################################################################...", "...##########################################################################...", "...##########################################################################...", "...##########################################################################...", "................................................................................"], rle: [0, 0, 7, 128, 57, 27, 255, 1, 75, 0, 224, 36, 255, 248, 92, 3, 128, 147, 255, 225, 112, 14, 2, 79, 255, 133, 192, 56, 9, 63, 255, 1, 75, 0, 0], counts: "c0420000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000a0" },
];

test("Label Studio's code is read and written byte for byte as its SDK does, and COCO's is read", () => {
  for (const { rows, rle, counts } of WRITTEN) {
    const own = pixels(...rows);
    const found = fromBrush(rle, own);
    assert.deepEqual(text(pixelsOf(found, own)), rows);
    assert.deepEqual(toBrush(maskOf(own), own), rle);
    assert.ok(equal(fromCoco({ size: [own.height, own.width], counts }), found));
  }
});

test("what is no code of the image is no mask", () => {
  const { rle, counts } = WRITTEN[0];
  const size = pixels(...WRITTEN[0].rows);
  for (const code of [null, "x", [], rle.slice(0, 8), rle.slice(0, -3), rle.map(() => 255)]) assert.equal(fromBrush(code, size), null);
  assert.equal(fromBrush(rle, { width: size.width + 1, height: size.height }), null);
  for (const code of [null, 7, {}, { size: [1, 1], counts }, { size: [size.height, size.width], counts: "~" }, { size: [2, 2], counts: "4" }]) {
    assert.equal(fromCoco(code), null);
  }
});

test("pixels are painted where their alpha is not 0, in runs of single values too", () => {
  const channels = [9, 9, 9, 0, 1, 2, 3, 4, 0, 0, 0, 0, 7, 7, 7, 255];
  const bits = (value, count) => value.toString(2).padStart(count, "0");
  const all = bits(16, 32) + bits(7, 5) + [2, 3, 7, 15].map((one) => bits(one, 4)).join("") + "010" + bits(15, 8) + channels.map((one) => bits(one, 8)).join("");
  const bytes = all.match(/.{1,8}/g).map((byte) => parseInt(byte.padEnd(8, "0"), 2));
  assert.deepEqual([...fromBrush(bytes, { width: 4, height: 1 }).runs], [0, 1, 2, 3]);
});

const CONTROLS = [{ name: "label", type: "BrushLabels", to_name: "image", labels: [{ value: "cell" }] }];
const SIZE = { width: 5, height: 5 };
const result = (value) =>
  JSON.stringify({ id: "m", type: "brushlabels", from_name: "label", to_name: "image", value: { format: "rle", brushlabels: ["cell"], ...value } });

test("a result is edited, and goes back as it came where nobody touched it", () => {
  const came = result({ rle: toBrush(maskOf(RING), SIZE) });
  const [region] = fromResults([came], CONTROLS, SIZE);
  assert.equal(region.kind, "mask");
  assert.equal(toResultText([region], CONTROLS, SIZE), `[${came}]`);
  const moved = { ...mask.move(region, 4, -0.4, SIZE), changed: true };
  assert.deepEqual([moved.mask.left, moved.mask.top, mask.differs(region, moved)], [2, 1, true]);
  const [sent] = JSON.parse(toResultText([moved], CONTROLS, SIZE));
  assert.ok(equal(fromBrush(sent.value.rle, SIZE), moved.mask));
  assert.deepEqual([sent.type, sent.value.format, sent.value.brushlabels], ["brushlabels", "rle", ["cell"]]);
  const [kept] = fromResults([result({ rle: [1, 2, 3] })], CONTROLS, SIZE);
  assert.equal(kept.kind, "kept");
});

test("steps hold runs, a clone of them is undone too, and a page that loads them again shows the same", () => {
  const [region] = fromResults([result({ rle: toBrush(maskOf(RING), SIZE) })], CONTROLS, SIZE);
  const store = new Store();
  store.load([region]);
  store.transact("Paint", (change) => change.replace({ ...region, mask: maskOf(pixels("#....", ".....", ".....", ".....", ".....")), changed: true }));
  const again = new Store();
  again.load(structuredClone([...store.inOrder()]));
  again.history.done = structuredClone(store.history.done);
  again.undo();
  assert.ok(equal(again.regions.get("m").mask, region.mask));
});

test("pages read a published mask, know what lies under a pointer, and outline it", () => {
  const shown = readRegion({ kind: "mask", geometry: { size: [5, 5], counts: WRITTEN.find(({ rows }) => rows.join() === text(RING).join()).counts } });
  const kind = drawingOf(shown);
  assert.ok(kind.hit(shown, { x: 1.5, y: 1.5 }, 0) && !kind.hit(shown, { x: 2.5, y: 2.5 }, 0) && kind.hit(shown, { x: 0.5, y: 1.5 }, 1));
  assert.equal(kind.area(shown), 8);
  assert.equal(pathOf(shown, kind).match(/Z/g).length, 2);
  assert.equal(readRegion({ kind: "mask", geometry: [1, 2] }), null);
});

test("one of a larger picture is cut to the one it is pasted on", () => {
  const region = { kind: "mask", mask: maskOf(pixels("#....#", "######", "#....#")) };
  const { mask: less } = mask.move(region, 9, 9, { width: 4, height: 2 });
  assert.deepEqual(text(pixelsOf(less, { width: 4, height: 2 })), ["#...", "####"]);
  assert.equal(toBrush(less, { width: 4, height: 2 }).length > 0, true);
  const far = { kind: "mask", mask: { ...maskOf(RING), left: 90, top: 90 } };
  assert.deepEqual(boundsOf(mask.move(far, 0, 0, SIZE).mask), { left: 2, top: 2, right: 5, bottom: 5 });
});

test("one is placed by keys within the part of the picture", () => {
  const { mask: found } = mask.place({ left: 10, top: 20, right: 30, bottom: 30 });
  const { left, top, right, bottom } = boundsOf(found);
  assert.deepEqual([left, top, right, bottom], [15, 20, 25, 30]);
});
