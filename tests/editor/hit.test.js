import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES } from "../../annotation/lode_annotation/static/editor/kinds/index.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { nextAt, regionAt, regionsAt, regionsIn } from "../../annotation/lode_annotation/static/editor/view/hit.js";

/** A store of upright squares of the first kind that is drawn: `[key, left, top, side]`. */
function squares(...list) {
  const [kind] = SHAPES;
  const store = new Store();
  const shared = { kind: kind.name, control: "label", labels: ["a"], pending: false, questioned: false, score: null, source: null, changed: false };
  store.load(
    list.map(([key, left, top, side]) => ({ ...shared, ...kind.place({ left, top, right: left + side, bottom: top + side }), key, id: key })),
  );
  return store;
}
const keys = (regions) => regions.map((region) => region.key);

test("of the regions under a point the smallest comes first, and a selected one is meant", () => {
  const store = squares(["large", 0, 0, 100], ["small", 20, 20, 10], ["middle", 10, 10, 50], ["aside", 200, 200, 10]);
  assert.deepEqual(keys(regionsAt(store, { x: 25, y: 25 }, 0)), ["small", "middle", "large"]);
  assert.equal(regionAt(store, { x: 25, y: 25 }, 0).key, "small");
  store.select(["large"]);
  assert.equal(regionAt(store, { x: 25, y: 25 }, 0).key, "large");
  assert.equal(regionAt(store, { x: 150, y: 150 }, 0), null);
});

test("going through a pile begins again after the last, and passes over what is hidden", () => {
  const store = squares(["large", 0, 0, 100], ["small", 20, 20, 10], ["middle", 10, 10, 50]);
  store.setHidden(["middle"], true);
  const seen = [];
  for (let n = 0; n < 3; n += 1) {
    const { key } = nextAt(store, { x: 25, y: 25 }, 0);
    seen.push(key);
    store.select([key]);
  }
  assert.deepEqual(seen, ["small", "large", "small"]);
});

test("a press a little beside a region is one on it", () => {
  const store = squares(["one", 10, 10, 20]);
  assert.equal(regionAt(store, { x: 8, y: 15 }, 1), null);
  assert.equal(regionAt(store, { x: 8, y: 15 }, 2.5).key, "one");
});

test("a frame meets what it touches, but for what is hidden or locked", () => {
  const store = squares(["in", 10, 10, 20], ["across", 45, 45, 20], ["out", 80, 80, 10], ["hidden", 12, 12, 4], ["locked", 14, 14, 4]);
  store.setHidden(["hidden"], true);
  store.setLocked(["locked"], true);
  assert.deepEqual(keys(regionsIn(store, { left: 0, top: 0, right: 50, bottom: 50 })), ["in", "across"]);
});
