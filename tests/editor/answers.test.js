import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES, answerFor, hasButtons } from "../../annotation/lode_annotation/static/editor/kinds/index.js";
import { answered, copied, inWords, isAbout, presets, saidOf, withPresets } from "../../annotation/lode_annotation/static/editor/model/answers.js";
import { fromResults, taken, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { changesOf } from "../../annotation/lode_annotation/static/editor/review/changes.js";

const SIZE = { width: 200, height: 100 };
const labels = (...values) => values.map((value) => ({ value }));
const control = (name, type, more = {}) => ({ name, type, to_name: "image", labels: [], ...more });
const QUALITY = control("quality", "Choices", { labels: labels("sharp", "dark") });
const TAGS = control("tags", "Choices", { choice: "multiple", labels: labels("a", "b", "c") });
const WORDS = control("words", "TextArea");
const COUNT = control("count", "Number", { options: { min: 0, max: 9 } });
const STARS = control("stars", "Rating", { options: { max: 4, default: 2 } });
const ANIMAL = control("animal", "Taxonomy", { labels: labels("dog", "dog / small"), options: { max_usages: 1 } });
const BOX = control("box", "RectangleLabels", { labels: labels("cell", "clump") });
const NOTE = control("note", "TextArea", { per_region: true });
const HIDDEN = control("hidden", "Choices", { per_region: true, of: ["box"], labelled: ["cell"], labels: labels("no", "partly"), options: { default: ["no"] } });
const CONTROLS = [BOX, QUALITY, TAGS, WORDS, COUNT, STARS, ANIMAL, NOTE, HIDDEN];

const entry = (name, type, value, id = name) => ({ id, from_name: name, to_name: "image", type, original_width: 200, original_height: 100, image_rotation: 0, value });
const PLACE = { x: 10, y: 10, width: 20, height: 20, rotation: 0 };
const RESULT = [
  entry("quality", "choices", { choices: ["sharp"] }),
  entry("words", "textarea", { text: ["one", "two"] }),
  entry("count", "number", { number: 3.5 }),
  entry("stars", "rating", { rating: 4 }),
  entry("animal", "taxonomy", { taxonomy: [["dog", "small"]] }),
  entry("box", "rectanglelabels", { ...PLACE, rectanglelabels: ["cell"] }, "r"),
  { ...entry("hidden", "choices", { ...PLACE, choices: ["partly"] }, "r"), meta: { by: "import" } },
  entry("note", "textarea", { ...PLACE, text: ["worn"] }, "r"),
];
const texts = (result) => result.map((one) => JSON.stringify(one));
const back = (regions) => JSON.parse(toResultText(regions, CONTROLS, SIZE));

test("what nobody touched goes back to the letter, what is asked of regions behind its region", () => {
  const regions = fromResults(texts(RESULT), CONTROLS, SIZE);
  assert.equal(regions.length, 6);
  assert.deepEqual(back(regions), RESULT);
  assert.equal(toResultText(regions, CONTROLS, SIZE), `[${texts(RESULT).join(",")}]`);
});

test("every kind says what it says, and nothing where a value is not its own", () => {
  const regions = fromResults(texts(RESULT), CONTROLS, SIZE);
  assert.deepEqual(regions.slice(0, 5).map((one) => one.said), [["sharp"], ["one", "two"], 3.5, 4, [["dog", "small"]]]);
  assert.deepEqual(Object.values(regions[5].attributes).map((one) => one.said), [["partly"], ["worn"]]);
  const odd = [entry("count", "number", { number: "3" }), entry("words", "textarea", { text: "x" }), entry("note", "textarea", { text: ["x"] }, "nowhere")];
  const kept = fromResults(texts(odd), CONTROLS, SIZE);
  assert.deepEqual(kept.map((one) => one.kind), ["kept", "kept", "kept"]);
  assert.deepEqual(back(kept), odd);
});

test("an answer of a region that moved has its geometry; one that is new, that of a region as it came", () => {
  const [region] = fromResults(texts(RESULT), CONTROLS, SIZE).slice(5);
  const moved = back([{ ...region, x: 40, changed: true }]);
  assert.deepEqual(moved.map((one) => one.value.x), [20, 20, 20]);
  assert.deepEqual([moved[1].meta, moved[1].value.choices], [{ by: "import" }, ["partly"]]);
  const [came] = fromResults(texts(RESULT.slice(5, 6)), CONTROLS, SIZE);
  const made = back([answered(came, NOTE, ["new", " "])]);
  assert.deepEqual(made[0], RESULT[5]);
  assert.deepEqual(made[1], { ...entry("note", "textarea", { ...PLACE, text: ["new"] }, "r"), origin: "manual" });
});

test("an answer is sent only where it says something and is asked of the region", () => {
  const [region] = fromResults(texts(RESULT), CONTROLS, SIZE).slice(5);
  assert.deepEqual(back([{ ...region, labels: ["clump"], changed: true }]).map((one) => one.from_name), ["box", "note"]);
  assert.deepEqual(back([answered(answered(region, NOTE, [" "]), HIDDEN, [])]).map((one) => one.from_name), ["box"]);
  assert.equal(isAbout(HIDDEN, { control: "other", labels: ["cell"] }), false);
  assert.equal(isAbout(NOTE, { control: "other", labels: ["x"] }), true);
});

test("a copy and an accepted pre-label have answers of their own", () => {
  const [region] = fromResults(texts(RESULT), CONTROLS, SIZE).slice(5);
  const copy = { ...region, key: "n", id: "n", source: null, changed: true, attributes: copied(region.attributes) };
  assert.deepEqual(back([copy]).map((one) => [one.id, one.meta]), [["n", undefined], ["n", undefined], ["n", undefined]]);
  const [pending] = fromResults(texts(RESULT.slice(5).map((one) => ({ ...one, score: 0.5 }))), CONTROLS, SIZE, { pending: true });
  const sent = back([taken(pending, "own")]);
  assert.deepEqual(sent.map(({ id, origin, score }) => [id, origin, score]), Array(3).fill(["own", "prediction", undefined]));
});

test("choices: one takes another's place, of several each is switched", () => {
  const { picked } = answerFor(QUALITY);
  assert.deepEqual([picked(QUALITY, null, "sharp"), picked(QUALITY, ["sharp"], "dark"), picked(QUALITY, ["sharp"], "sharp")], [["sharp"], ["dark"], []]);
  assert.deepEqual(picked({ ...QUALITY, required: true }, ["sharp"], "sharp"), ["sharp"]);
  assert.deepEqual([picked(TAGS, ["c"], "a"), picked(TAGS, ["a", "c"], "c")], [["a", "c"], ["a"]]);
});

test("what cannot be submitted is said", () => {
  assert.match(answerFor(COUNT).wrong(COUNT, 10), /count is 10; the most is 9/);
  assert.equal(answerFor(COUNT).wrong(COUNT, 9), "");
  assert.match(answerFor(ANIMAL).wrong(ANIMAL, [["dog"], ["dog", "small"]]), /at most 1/);
  const once = { ...WORDS, options: { skip_duplicates: true } };
  assert.match(answerFor(once).wrong(once, ["a", "a"]), /twice/);
  assert.equal(answerFor(WORDS).isEmpty(["", " "]), true);
});

test("what the config says at first stands in an item of which nothing is known, and in a new region", () => {
  assert.deepEqual(presets(CONTROLS, () => "id").map(({ control: name, said, id }) => [name, said, id]), [["stars", 2, "id"]]);
  const drawn = { control: "box", labels: ["cell"] };
  assert.deepEqual(saidOf(withPresets(drawn, CONTROLS), HIDDEN), ["no"]);
  assert.equal(withPresets({ control: "box", labels: ["clump"] }, CONTROLS).attributes, undefined);
});

test("typing is one step, from the first letter on", () => {
  const store = new Store();
  const write = (said) => {
    const before = store.regions.get("w");
    store.transact("Answer", (change) => (before ? change.replace({ ...before, said }) : change.add({ key: "w", kind: "text", said })), { merge: "say words" });
  };
  for (const said of [["o"], ["on"], ["one"]]) write(said);
  assert.equal(store.history.done.length, 1);
  assert.equal(store.history.done[0].patches.length, 1);
  store.undo();
  assert.equal(store.regions.size, 0);
  store.redo();
  assert.deepEqual(store.regions.get("w").said, ["one"]);
});

test("a review tells changed answers, and regions of which something else is said", () => {
  const before = fromResults(texts(RESULT), CONTROLS, SIZE);
  const after = before.map((one) => (one.control === "count" ? { ...one, said: 4 } : one.kind === "box" ? answered(one, NOTE, ["other"]) : one));
  const { marks, answers, removed } = changesOf(before, after);
  assert.deepEqual([[...marks], answers, removed], [[["r", "edited"]], ["count"], []]);
});

test("in words", () => {
  assert.deepEqual([inWords(["a", "b"]), inWords([["a", "b"], ["c"]]), inWords(3), inWords(null)], ["a, b", "a / b, c", "3", ""]);
});

test("only labels have buttons with keys", () => {
  assert.deepEqual(CONTROLS.filter(hasButtons).map((one) => one.name), ["box", "quality", "tags", "hidden"]);
  assert.ok(SHAPES.every((kind) => kind.drawn));
});
