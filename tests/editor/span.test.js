import assert from "node:assert/strict";
import { test } from "node:test";
import { meant, nextCharacter, placesOf, previousCharacter, wordBefore, wordFrom } from "../../annotation/lode_annotation/static/editor/text/breaks.js";
import { blockAt, blocksOf, byBlock, levelled, pieces } from "../../annotation/lode_annotation/static/editor/text/layout.js";
import { Units } from "../../annotation/lode_annotation/static/editor/text/units.js";
import { excerpt } from "../../annotation/lode_annotation/static/editor/kinds/span.js";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { changesOf } from "../../annotation/lode_annotation/static/editor/review/changes.js";

const CONTROLS = [
  { name: "ent", type: "Labels", to_name: "text", labels: [{ value: "Part" }, { value: "Fault" }] },
  { name: "sure", type: "Choices", to_name: "text", per_region: true, of: [], labelled: [], labels: [{ value: "yes" }] },
];
const SIZE = { kind: "text", width: 0, height: 0, length: 42 };
const NOTE = "Valve 🔧 leaks.\r\nCafe\u0301 👩‍🔬 ok";
const ALPHABET = ["a", " ", "\r\n", "\n", "🔧", "👩‍🔬", "e\u0301", "漢", "ש", "<b>", "&amp;"];

/** As random as a seed. @param {number} seed */
function textOf(seed) {
  let state = seed * 2654435761 + 1;
  const parts = [];
  for (let at = 0; at < 60; at += 1) {
    state = (state * 1664525 + 1013904223) % 4294967296;
    parts.push(ALPHABET[Math.floor((state / 4294967296) * ALPHABET.length)]);
  }
  return parts.join("");
}

test("code points and UTF-16 units are each other's, and what lies between two has no place of its own", () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const text = textOf(seed);
    const units = new Units(text);
    const points = Array.from(text);
    assert.equal(units.length, points.length);
    let unit = 0;
    points.forEach((point, at) => {
      assert.equal(units.toUnit(at), unit);
      for (let half = 0; half < point.length; half += 1) assert.equal(units.toPoint(unit + half), at);
      unit += point.length;
    });
    assert.deepEqual([units.toUnit(points.length), units.toPoint(text.length)], [text.length, points.length]);
    for (let from = 0; from < text.length; from += 7) {
      const { start, end, text: quote } = units.span(from, from + 5);
      assert.equal(points.slice(start, end).join(""), quote);
    }
  }
});

test("characters are what people see: an emoji of several code points, a letter with its accent, a line's end", () => {
  for (const part of ["👩‍🔬", "e\u0301", "\r\n", "🔧"]) {
    const at = `x${part}y`;
    assert.equal(nextCharacter(at, 1), 1 + part.length, part);
    assert.equal(previousCharacter(at, 1 + part.length), 1, part);
  }
  assert.deepEqual([nextCharacter("ab", 2), previousCharacter("ab", 0)], [2, 0]);
  const long = `${"word ".repeat(200)}👩‍🔬`;
  assert.equal(previousCharacter(long, long.length), 1000);
});

test("words go by the rules of languages, however far the next one is", () => {
  assert.deepEqual(wordFrom(NOTE, 0), { from: 0, to: 5 });
  assert.deepEqual(wordFrom(NOTE, 5), { from: 9, to: 14 });
  assert.deepEqual(wordBefore(NOTE, 9), { from: 0, to: 5 });
  assert.deepEqual(wordFrom(NOTE, 17), { from: 17, to: 22 });
  assert.equal(wordFrom("... 🔧", 0), null);
  assert.equal(wordBefore("  a", 2), null);
  const far = `a${" .".repeat(900)} end`;
  assert.deepEqual(wordFrom(far, 1), { from: 1802, to: 1805 });
  assert.deepEqual(wordBefore(far, 1801), { from: 0, to: 1 });
});

test("what a hand selects is whole characters without the space around them", () => {
  assert.deepEqual(meant(NOTE, 5, 9), { from: 6, to: 8 });
  assert.deepEqual(meant(NOTE, 9, 5), { from: 6, to: 8 });
  assert.deepEqual(meant(NOTE, 17, 21), { from: 17, to: 22 }, "the accent belongs to its letter");
  assert.equal(meant(NOTE, 15, 17), null);
});

test("words are found wherever they stand, whole where it is asked", () => {
  const text = "Pump, pump; pumps. A.B a.b\npump\nhouse";
  assert.equal(placesOf(text, "pump", { anyCase: true }).length, 4);
  assert.deepEqual(placesOf(text, "pump", { whole: true }), [{ from: 6, to: 10 }, { from: 27, to: 31 }]);
  assert.equal(placesOf(text, "A.B").length, 1);
  assert.deepEqual(placesOf(text, "pump house"), [{ from: 27, to: 37 }], "over the end of a line");
  assert.deepEqual(placesOf(text, ""), []);
  assert.equal(placesOf("(x) (x)", "(x)", { whole: true }).length, 2);
});

test("blocks are all of the text, end with lines where they can and cut no character in two", () => {
  for (const text of ["", "a", "line\n".repeat(5000), "🔧".repeat(20_000), `${"word ".repeat(9000)}`, `${"x".repeat(8000)}\n\n${"y ".repeat(9000)}`]) {
    const blocks = blocksOf(text);
    assert.equal(blocks.map(({ from, to }) => text.slice(from, to)).join(""), text);
    assert.ok(blocks.every(({ from, to }) => to - from <= 10_000 && !/^[\udc00-\udfff]/.test(text.slice(from, to))));
    for (const at of [0, Math.floor(text.length / 2), text.length - 1]) {
      const { from, to } = blocks[blockAt(blocks, at)];
      assert.ok(!text || at < 0 || (from <= at && at < to));
    }
  }
  assert.ok(blocksOf("line\n".repeat(5000)).every(({ to }) => to % 5 === 0));
});

test("spans that overlap have lines of their own, and pieces say what lies where", () => {
  const marks = levelled([mark("c", 8, 20), mark("a", 0, 10), mark("b", 0, 5), mark("d", 10, 12)]);
  assert.deepEqual(marks.map(({ key, level }) => [key, level]), [["a", 0], ["b", 1], ["c", 1], ["d", 0]]);
  const block = { from: 0, to: 30, lines: 1 };
  assert.deepEqual(
    pieces(block, marks).map(({ from, to, marks: some }) => [from, to, some.map(({ key }) => key).join("")]),
    [[0, 5, "ab"], [5, 8, "a"], [8, 10, "ac"], [10, 12, "cd"], [12, 20, "c"], [20, 30, ""]],
  );
  const many = levelled(Array.from({ length: 20 }, (_, at) => mark(`m${at}`, at, 40)));
  assert.equal(Math.max(...many.map(({ level }) => level)), 7);
});

test("a span over several blocks is on each of them", () => {
  const text = "line\n".repeat(3000);
  const blocks = blocksOf(text);
  const found = byBlock(blocks, [mark("a", 10, blocks[2].from + 3), mark("b", blocks[1].from, blocks[1].from + 1)]);
  assert.deepEqual(found.map((some) => some.map(({ key }) => key).join("")).slice(0, 4), ["a", "ab", "a", ""]);
  const [{ from, to }] = pieces(blocks[1], found[1]);
  assert.deepEqual([from, to], [blocks[1].from, blocks[1].from + 1]);
});

function mark(key, from, to) {
  return { key, from, to, colour: "", name: key, look: "own" };
}

const result = (value, more = {}) => JSON.stringify({ id: "s", from_name: "ent", to_name: "text", type: "labels", value: { ...value, labels: ["Part"] }, ...more });

test("an untouched span goes back letter for letter, a changed one with what it quotes now and what it came with", () => {
  const text = '{"id": "s", "from_name": "ent", "to_name": "text", "type": "labels", "value": {"start": 6, "end": 7, "text": "🔧", "labels": ["Part"]}}';
  const [region] = fromResults([text], CONTROLS, SIZE);
  assert.deepEqual([region.kind, region.start, region.end, region.text], ["span", 6, 7, "🔧"]);
  assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
  const changed = { ...region, ...new Units(NOTE).span(0, 8), changed: true };
  const [back] = JSON.parse(toResultText([changed], CONTROLS, SIZE));
  assert.deepEqual(back, { id: "s", from_name: "ent", to_name: "text", type: "labels", value: { start: 0, end: 7, text: "Valve 🔧", labels: ["Part"] }, origin: "manual" });
});

test("an answer about a span is an entry of its own, with the place of the span", () => {
  const about = JSON.stringify({ id: "s", from_name: "sure", to_name: "text", type: "choices", value: { start: 0, end: 5, text: "Valve", choices: ["yes"] } });
  const [region] = fromResults([result({ start: 0, end: 5, text: "Valve" }), about], CONTROLS, SIZE);
  assert.deepEqual(region.attributes.sure.said, ["yes"]);
  const moved = { ...region, ...new Units(NOTE).span(0, 8), changed: true };
  const [, entry] = JSON.parse(toResultText([moved], CONTROLS, SIZE));
  assert.deepEqual(entry.value, { start: 0, end: 7, text: "Valve 🔧", choices: ["yes"] });
});

test("what is not a span is kept as it came", () => {
  for (const value of [{ start: "/p[1]", end: 3, text: "a" }, { start: 3, end: 3, text: "" }, { start: -1, end: 2, text: "abc" }, { start: 0, end: 1, text: 1 }]) {
    const text = result(value);
    const [region] = fromResults([text], CONTROLS, SIZE);
    assert.equal(region.kind, "kept");
    assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
  }
});

test("a span that reaches elsewhere was moved", () => {
  const before = fromResults([result({ start: 0, end: 5, text: "Valve" })], CONTROLS, SIZE);
  const after = fromResults([result({ start: 0, end: 7, text: "Valve 🔧" })], CONTROLS, SIZE);
  assert.deepEqual([...changesOf(before, after).marks.values()], ["moved"]);
  assert.equal(changesOf(before, before).marks.size, 0);
});

test("a quote is shown in one line, cut where it is long", () => {
  assert.equal(excerpt("a\r\n  b"), "a b");
  assert.equal(excerpt("🔧".repeat(100)), `${"🔧".repeat(80)}…`);
});
