import assert from "node:assert/strict";
import { test } from "node:test";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";
import { polygon } from "../../annotation/lode_annotation/static/editor/kinds/polygon.js";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { changesOf } from "../../annotation/lode_annotation/static/editor/review/changes.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [{ name: "outline", type: "PolygonLabels", to_name: "image", labels: [{ value: "cell" }] }];
const result = (points, more = {}) =>
  JSON.stringify({ id: "p", type: "polygonlabels", from_name: "outline", to_name: "image", value: { points, closed: true, polygonlabels: ["cell"], ...more } });
const loaded = (text, options) => fromResults([text], CONTROLS, SIZE, options)[0];
const SQUARE = [[10, 10], [50, 10], [50, 50], [10, 50]];
const shape = (...points) => ({ points: points.map(([x, y]) => ({ x, y })) });
// A square with a square bite out of its right side.
const BITTEN = shape([0, 0], [30, 0], [30, 10], [10, 10], [10, 20], [30, 20], [30, 30], [0, 30]);

test("percent become pixels, and an untouched outline goes back letter for letter", () => {
  const text = result(SQUARE);
  const region = loaded(text);
  assert.equal(region.kind, "polygon");
  assert.deepEqual(region.labels, ["cell"]);
  assert.deepEqual(region.points[2], { x: 100, y: 50 });
  assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
});

test("a changed outline is encoded again, closed and with the fields it came with", () => {
  const region = polygon.move(loaded(result(SQUARE, { note: "kept" })), 20, 10, SIZE);
  const [back] = JSON.parse(toResultText([{ ...region, changed: true }], CONTROLS, SIZE));
  assert.deepEqual(back.value, { points: [[20, 20], [60, 20], [60, 60], [20, 60]], closed: true, polygonlabels: ["cell"], note: "kept" });
  assert.deepEqual([back.type, back.original_width, back.original_height], ["polygonlabels", 200, 100]);
});

test("what is not a closed outline is kept as it came and not edited", () => {
  for (const text of [result(SQUARE, { closed: false }), result(SQUARE.slice(0, 2)), result([[1, 2], [3, "4"], [5, 6]]), result([[1, 2], [3, 4, 5], [5, 6]])]) {
    const region = loaded(text);
    assert.equal(region.kind, "kept");
    assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
  }
});

test("a hit goes by the even-odd rule: not in a bite, not in a hole that the outline cuts by crossing itself", () => {
  assert.ok(polygon.hit(BITTEN, { x: 5, y: 15 }, 0));
  assert.ok(!polygon.hit(BITTEN, { x: 20, y: 15 }, 0));
  const star = shape(...[0, 2, 4, 1, 3].map((n) => [50 + 40 * Math.sin((n * 2 * Math.PI) / 5), 50 - 40 * Math.cos((n * 2 * Math.PI) / 5)]));
  assert.ok(!polygon.hit(star, { x: 50, y: 50 }, 0));
  assert.ok(polygon.hit(star, { x: 50, y: 20 }, 0));
});

test("near an edge is on it, and a margin reaches round corners", () => {
  assert.ok(!polygon.hit(BITTEN, { x: -2, y: 15 }, 1));
  assert.ok(polygon.hit(BITTEN, { x: -2, y: 15 }, 2));
  assert.ok(!polygon.hit(BITTEN, { x: -2, y: -2 }, 2.5));
  assert.ok(polygon.hit(BITTEN, { x: -2, y: -2 }, 3));
});

test("the area counts what is inside, whichever way the points go round", () => {
  assert.equal(polygon.area(BITTEN), 700);
  assert.equal(polygon.area({ points: BITTEN.points.toReversed() }), 700);
  assert.deepEqual(polygon.bounds(BITTEN), { left: 0, top: 0, right: 30, bottom: 30 });
});

test("a move stops at the image's edge and keeps the outline", () => {
  const moved = polygon.move(BITTEN, 500, -5, SIZE);
  assert.deepEqual(moved.points[0], { x: 170, y: 0 });
  assert.equal(polygon.area(moved), 700);
});

test("a point is dragged within the image, put on an edge and taken away, but three stay", () => {
  const square = shape([0, 0], [10, 0], [10, 10], [0, 10]);
  assert.deepEqual(polygon.drag(square, "2", { x: 300, y: 20 }, SIZE).points[2], { x: 200, y: 20 });
  const more = polygon.insert(square, { x: 10, y: 5 }, 1);
  assert.deepEqual(more.points.slice(1, 4), [{ x: 10, y: 0 }, { x: 10, y: 5 }, { x: 10, y: 10 }]);
  const last = polygon.insert(square, { x: 0, y: 5 }, 1);
  assert.deepEqual(last.points[4], { x: 0, y: 5 });
  assert.equal(polygon.insert(square, { x: 5, y: 5 }, 1), null);
  assert.equal(polygon.insert(square, { x: 10, y: 0.5 }, 1), null);
  const less = polygon.without(square, "0");
  assert.deepEqual(less.points, square.points.slice(1));
  assert.equal(polygon.without(less, "0"), null);
});

test("what a pen traces is closed once it is drawn", () => {
  const said = [];
  const pen = { moveTo: (x, y) => said.push(`M${x} ${y}`), lineTo: (x, y) => said.push(`L${x} ${y}`), closePath: () => said.push("Z") };
  polygon.trace(shape([0, 0], [4, 0], [4, 3]), pen);
  assert.deepEqual(said, ["M0 0", "L4 0", "L4 3", "Z"]);
});

test("a moved point is a change, percent's last digits are none", () => {
  const before = loaded(result(SQUARE));
  const nearly = loaded(result(SQUARE.map(([x, y]) => [x + 1e-9, y])));
  assert.equal(changesOf([before], [nearly]).marks.size, 0);
  const moved = polygon.drag(before, "1", { x: 150, y: 20 }, SIZE);
  assert.deepEqual([...changesOf([before], [moved]).marks.values()], ["moved"]);
});

/** A stage as the tool sees it, at two CSS pixels a pixel of the image; what was drawn. */
function drawing() {
  const drawn = [];
  const overlay = { draft: null, crosshair() {}, invalidate() {} };
  const toStage = ({ x, y }) => ({ x: x * 2, y: y * 2 });
  const stage = { overlay, size: SIZE, viewport: { toStage }, cursor: (name) => (stage.pointer = name) };
  const tool = polygon.tool(stage, () => ({ colour: "red", text: "cell" }), ({ points }) => drawn.push(points.map(({ x, y }) => [x, y])));
  const press = (x, y) => ({ image: { x, y }, stage: toStage({ x, y }), editable: true });
  const click = (...points) => points.forEach(([x, y]) => (tool.down(press(x, y)), tool.up(press(x, y))));
  return { tool, stage, drawn, click, hover: (x, y) => tool.hover(press(x, y)) };
}

test("an outline is closed by Enter or on its first point, and a double click sets one point", () => {
  const { tool, stage, drawn, click, hover } = drawing();
  click([10, 10], [50, 10], [50, 10.5], [50, 50]);
  hover(12, 11);
  assert.equal(stage.pointer, "pointer");
  click([12, 11]);
  assert.deepEqual(drawn, [[[10, 10], [50, 10], [50, 50]]]);
  assert.equal(stage.overlay.draft, null);
  click([10, 10], [300, 10], [50, 50]);
  assert.equal(tool.key("Enter"), true);
  assert.deepEqual(drawn[1], [[10, 10], [200, 10], [50, 50]]);
  assert.equal(tool.key("Enter"), false, "with nothing begun, Enter is not the tool's");
});

test("fewer than three points, or three in a line, make no outline; Enter does not submit meanwhile", () => {
  const { tool, drawn, click } = drawing();
  click([10, 10], [50, 10]);
  assert.equal(tool.key("Enter"), true);
  click([90, 10]);
  tool.key("Enter");
  assert.deepEqual(drawn, []);
});

test("Backspace takes the last point back, Escape all; two fingers that zoom keep them", () => {
  const { tool, stage, drawn, click } = drawing();
  click([10, 10], [50, 10], [90, 90]);
  assert.equal(tool.key("Backspace"), true);
  tool.interrupt();
  assert.equal(stage.overlay.draft.marks.length, 2);
  click([50, 50]);
  tool.key("Enter");
  assert.deepEqual(drawn, [[[10, 10], [50, 10], [50, 50]]]);
  click([10, 10]);
  assert.equal(tool.key("Escape"), true);
  assert.equal(tool.key("Escape"), false);
  assert.equal(tool.key("a"), false);
});

test("an object of several parts with a hole is drawn whole, and hit where it is filled", () => {
  const ring = (x, y, side) => [[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
  const region = readRegion({ kind: "polygon", geometry: [[ring(0, 0, 10), ring(3, 3, 4)], [ring(20, 0, 5)]] });
  const kind = drawingOf(region);
  let rings = 0;
  kind.trace(region, { moveTo: () => {}, lineTo: () => {}, closePath: () => (rings += 1) });
  assert.equal(rings, 3);
  assert.deepEqual(kind.bounds(region), { left: 0, top: 0, right: 25, bottom: 10 });
  assert.ok(kind.hit(region, { x: 1, y: 1 }, 0));
  assert.ok(!kind.hit(region, { x: 5, y: 5 }, 0), "the hole");
  assert.ok(kind.hit(region, { x: 22, y: 2 }, 0), "the other part");
  assert.ok(kind.hit(region, { x: 10.5, y: 5 }, 1), "near the outline");
  assert.equal(readRegion({ kind: "polygon", geometry: [[[[0, 0], [1, 1]]]] }), null);
  assert.equal(readRegion({ kind: "polygon", geometry: [] }), null);
});

test("an outline is cut along the edge of a picture, corners and all", () => {
  const outline = (...pairs) => ({ kind: "polygon", points: pairs.map(([x, y]) => ({ x, y })) });
  const image = { width: 100, height: 100 };
  const left = polygon.cut(outline([80, 60], [140, 60], [140, 140], [80, 140]), image);
  assert.deepEqual(left.points.map(({ x, y }) => [x, y]).sort(), [[100, 100], [100, 60], [80, 100], [80, 60]]);
  const tip = polygon.cut(outline([50, 50], [150, 100], [50, 150]), image);
  assert.ok(tip.points.every(({ x, y }) => x <= 100 && y <= 100) && tip.points.some(({ x, y }) => x === 100 && y === 75));
  assert.equal(polygon.cut(outline([120, 20], [180, 20], [150, 60]), image), null);
});
