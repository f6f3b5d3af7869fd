// @ts-check
/** What is done to spans by keys: an end moved, the next word marked, the same words marked everywhere. */

import { gettext, ngettext } from "../../lode/words.js";
import { shapeOf } from "../kinds/index.js";
import { meant, nextCharacter, placesOf, previousCharacter, wordBefore, wordFrom } from "./breaks.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../keymap.js").Command} Command */
/** @typedef {import("../kinds/span.js").SpanRegion} SpanRegion */
/** @typedef {import("./breaks.js").Range} Range */
/** @typedef {import("./index.js").Texts} Texts */

/** The commands that say nothing of a text. */
const OF_PICTURES = /^(tool|zoom|bright|contrast|window|page|move|moveFar|grow|turn)\.|\.middle$|^(crosshair|snap|grid)$|^region\.(below|copy|paste|duplicate|carry)$/;
/** Those that say nothing of a text of which no spans are asked. */
const OF_REGIONS = /^(prelabels|relation)\.|^names$/;
/** Marked at once at most. */
const MOST = 2000;

/** Whether a command makes sense for a text. @param {Command} command @param {boolean} marking whether spans of it are asked for */
export function fitsText({ id }, marking) {
  return !OF_PICTURES.test(id) && (marking || !OF_REGIONS.test(id));
}

/** @param {Texts} texts @returns {Command[]} */
export function textCommands(texts) {
  const { editor, search } = texts;
  const { stage, acts } = editor;
  const group = gettext("Text");
  const found = { id: "find", title: gettext("Search the text"), group, keys: ["Ctrl+f"], icon: "search", active: () => search.open, run: () => search.show() };
  const steps = [
    { id: "find.next", title: gettext("Next match"), group, keys: ["F3"], repeat: true, whileTyping: true, when: () => search.open, run: () => search.step(1) },
    { id: "find.previous", title: gettext("Previous match"), group, keys: ["Shift+F3"], repeat: true, whileTyping: true, when: () => search.open, run: () => search.step(-1) },
  ];
  if (!editor.marking) return [found, ...steps];
  const edit = () => stage.editable && editor.armed !== null;
  const one = () => stage.editable && acts.changeable().length === 1;
  const spans = gettext("Spans");
  const ends = /** @type {const} */ ([
    ["end.later", "Shift+ArrowRight", gettext("Move the end right by a character"), "to", nextCharacter],
    ["end.earlier", "Shift+ArrowLeft", gettext("Move the end left by a character"), "to", previousCharacter],
    ["end.laterWord", "Ctrl+Shift+ArrowRight", gettext("Move the end right by a word"), "to", nextWordEnd],
    ["end.earlierWord", "Ctrl+Shift+ArrowLeft", gettext("Move the end left by a word"), "to", previousWordEnd],
    ["start.later", "Alt+Shift+ArrowRight", gettext("Move the start right by a character"), "from", nextCharacter],
    ["start.earlier", "Alt+Shift+ArrowLeft", gettext("Move the start left by a character"), "from", previousCharacter],
    ["start.laterWord", "Ctrl+Alt+Shift+ArrowRight", gettext("Move the start right by a word"), "from", nextWordStart],
    ["start.earlierWord", "Ctrl+Alt+Shift+ArrowLeft", gettext("Move the start left by a word"), "from", previousWordStart],
  ]);
  return [
    { id: "span.mark", title: gettext("Mark the next word"), group: spans, keys: ["m"], icon: "plus", when: edit, run: () => markNext(texts) },
    { id: "span.same", title: gettext("Mark the same words everywhere"), group: spans, keys: ["Shift+m"], when: one, run: () => markSame(texts) },
    { id: "span.next", title: gettext("Move to the next word"), group: spans, keys: ["ArrowRight"], repeat: true, when: one, run: () => toWord(texts, 1) },
    { id: "span.previous", title: gettext("Move to the previous word"), group: spans, keys: ["ArrowLeft"], repeat: true, when: one, run: () => toWord(texts, -1) },
    ...ends.map(([id, key, title, side, step]) => ({ id: `span.${id}`, title, group: spans, keys: [key], repeat: true, when: one, run: () => moveEnd(texts, side, step) })),
    found,
    ...steps,
  ];
}

/** @param {string} text @param {number} at */
function nextWordEnd(text, at) {
  return wordFrom(text, at)?.to ?? text.length;
}

/** @param {string} text @param {number} at */
function previousWordEnd(text, at) {
  const word = wordBefore(text, at);
  return (word && word.to < at ? word : word && wordBefore(text, word.from))?.to ?? 0;
}

/** @param {string} text @param {number} at */
function nextWordStart(text, at) {
  const word = wordFrom(text, at);
  return (word && word.from > at ? word : word && wordFrom(text, word.to))?.from ?? text.length;
}

/** @param {string} text @param {number} at */
function previousWordStart(text, at) {
  return wordBefore(text, at)?.from ?? 0;
}

/** The one selected span that may be changed. @param {Editor} editor @returns {SpanRegion|undefined} */
function selected(editor) {
  return /** @type {SpanRegion|undefined} */ (editor.acts.changeable()[0]);
}

/** @param {Texts} texts @param {SpanRegion} span @param {Range} range @param {string} label of the step @param {string} mark steps of one mark in a row are one */
function change({ document, editor }, span, range, label, mark) {
  const { store, notes } = editor;
  const made = document.units.span(range.from, range.to);
  if (made.end <= made.start || (made.start === span.start && made.end === span.end)) return;
  store.transact(label, (change) => change.replace(/** @type {SpanRegion} */ ({ ...span, ...made, changed: true })), { merge: `${mark} ${span.key}` });
  document.reveal(made);
  notes.announce(made.text);
}

/** @param {Texts} texts @param {"from"|"to"} side @param {(text: string, at: number) => number} step */
function moveEnd(texts, side, step) {
  const { document, editor } = texts;
  const span = selected(editor);
  if (!span) return;
  const range = document.rangeOf(span);
  const moved = { ...range, [side]: step(document.units.text, range[side]) };
  change(texts, span, moved, side === "to" ? gettext("Move the end") : gettext("Move the start"), `end ${side}`);
}

/** @param {Texts} texts @param {1|-1} by */
function toWord(texts, by) {
  const { document, editor } = texts;
  const span = selected(editor);
  if (!span) return;
  const { from, to } = document.rangeOf(span);
  const word = by > 0 ? wordFrom(document.units.text, to) : wordBefore(document.units.text, from);
  if (word) change(texts, span, word, gettext("Move"), "word");
}

/** Mark the word after the selected span, or the first one in sight. @param {Texts} texts */
function markNext({ document, editor }) {
  const { store } = editor;
  const [last] = /** @type {SpanRegion[]} */ (store.selectedShapes()).slice(-1);
  if (document.mark()) return;
  const word = wordFrom(document.units.text, last ? document.rangeOf(last).to : document.firstInSight());
  if (!word) return editor.notes.say(gettext("No word follows."));
  document.add(word);
  document.reveal(document.units.span(word.from, word.to));
}

/** Mark all places that say what the selected span says, with its label, as one step. @param {Texts} texts */
function markSame({ document, editor }) {
  const span = selected(editor);
  if (!span) return;
  const { notes } = editor;
  const { units } = document;
  const range = document.rangeOf(span);
  const words = meant(units.text, range.from, range.to);
  const known = new Set(document.spans().filter((one) => one.control === span.control && one.labels.join() === span.labels.join()).map(({ start, end }) => `${start} ${end}`));
  const places = words ? placesOf(units.text, units.text.slice(words.from, words.to), { whole: true }) : [];
  const made = places.map(({ from, to }) => units.span(from, to)).filter(({ start, end }) => !known.has(`${start} ${end}`));
  if (!made.length) return notes.say(gettext("These words are marked everywhere already."));
  const control = editor.controls.find((one) => one.name === span.control);
  const label = control?.labels.find((one) => one.value === span.labels[0]);
  if (control && label) editor.add(shapeOf(span), made.slice(0, MOST), { control, label });
  notes.say(ngettext("{n} more place marked.", "{n} more places marked.", Math.min(made.length, MOST)));
}
