import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { keepPage, pageToBegin } from "../../annotation/lode_annotation/static/editor/task/page_kept.js";

const CONTROLS = [{ name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "RBC" }] }];
const STACK = { width: 200, height: 100, pages: 3 };
const PLAIN = { width: 200, height: 100, pages: 1 };

const entry = (more) => ({ id: "a", from_name: "label", to_name: "image", type: "rectanglelabels", value: { x: 10, y: 10, width: 20, height: 20, rotation: 0, rectanglelabels: ["RBC"] }, ...more });
const read = (more, size = STACK) => fromResults([JSON.stringify(entry(more))], CONTROLS, size)[0];
const sent = (region, size = STACK) => JSON.parse(toResultText([region], CONTROLS, size))[0];

beforeEach(() => {
  globalThis.sessionStorage = { kept: {}, getItem(key) { return this.kept[key] ?? null; }, setItem(key, text) { this.kept[key] = text; } };
});

test("a region's page is the entry's item_index, and an untouched entry goes back letter for letter", () => {
  assert.equal(read({ item_index: 2 }).frame, 2);
  assert.equal(read({}).frame, undefined);
  const text = JSON.stringify(entry({ item_index: 2 }));
  assert.equal(toResultText(fromResults([text], CONTROLS, STACK), CONTROLS, STACK), `[${text}]`);
});

test("what changed names its page where there are several, and no page that is gone", () => {
  assert.equal(sent({ ...read({ item_index: 2 }), changed: true }).item_index, 2);
  assert.equal(sent({ ...read({}), changed: true }).item_index, 0);
  assert.equal(sent({ ...read({ item_index: 7 }), changed: true }).item_index, 2);
  assert.ok(!("item_index" in sent({ ...read({}, PLAIN), changed: true, frame: 0 }, PLAIN)));
});

test("a task begins at the page it was left at, else at that of its cause, else at the first", () => {
  const payload = (task, media = STACK) => ({ task, media });
  assert.equal(pageToBegin(payload({ id: "t" })), 0);
  assert.equal(pageToBegin(payload({ id: "t", reason: { page: 1 } })), 1);
  keepPage("t", 2);
  assert.equal(pageToBegin(payload({ id: "t", reason: { page: 1 } })), 2);
  assert.equal(pageToBegin(payload({ id: "other" })), 0);
  assert.equal(pageToBegin(payload({ id: "t" }, PLAIN)), 0);
  globalThis.sessionStorage.kept = { "lode page": '{"task":"t","page":"x"}' };
  assert.equal(pageToBegin(payload({ id: "t" })), 0);
});
