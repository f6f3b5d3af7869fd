// @ts-check
/** What is said of an answer: comments on regions and places, gone through, written, replied to and resolved by keys. */

import { clamp } from "../../lode/canvas/geometry.js";
import { call } from "../../lode/http.js";
import { gettext, ngettext } from "../../lode/words.js";
import { boundsOf, isShape, shapeOf } from "../kinds/index.js";
import { focusItem } from "../view/item.js";
import { CommentPanel } from "./panel.js";
import { Pins } from "./pins.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../keymap.js").Command} Command */
/** @typedef {import("../kinds/span.js").SpanRegion} SpanRegion */
/** @typedef {import("../model/types.js").Comment} Comment */
/** @typedef {import("../model/types.js").Place} Place */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {{region?: string, place?: Place|null, reply_to?: string}} Target what is about to be commented on */

export class Comments {
  /** @param {Editor} editor @param {string} address with `{annotation}` in it */
  constructor(editor, address) {
    this.editor = editor;
    this.address = address;
    /** The answer that is commented on; null while there is none. @type {string|null} */
    this.annotation = null;
    /** @type {Comment[]} */
    this.list = [];
    /** The ids of the regions that the server knows of the answer. @type {ReadonlySet<string>} */
    this.known = new Set();
    /** The comment in hand. @type {string|null} */
    this.current = null;
    /** What is being written about. @type {Target|null} */
    this.target = null;
    /** Where regions were seen last, by their ids. @type {Map<string, Place>} */
    this.seen = new Map();
    this.pins = new Pins(this);
    this.panel = new CommentPanel(this);
    for (const event of ["load", "change", "show"]) editor.store.addEventListener(event, () => this.refresh());
  }

  /** Take up an answer. @param {{id: string, result: {id?: string}[]}|null|undefined} answer @param {Comment[]} [list] */
  open(answer, list = []) {
    this.annotation = answer?.id ?? null;
    this.list = list;
    this.known = new Set((answer?.result ?? []).map((one) => String(one.id)));
    this.current = null;
    this.target = null;
    this.seen.clear();
    this.panel.clear();
    this.refresh();
  }

  /** Those that are not resolved. @returns {Comment[]} */
  get unresolved() {
    return this.list.filter((one) => !one.resolved);
  }

  /** The comment in hand. */
  get one() {
    return this.list.find((one) => one.uuid === this.current);
  }

  /** How many are open, in words. @returns {string} */
  get words() {
    const n = this.unresolved.length;
    return ngettext("{n} open comment", "{n} open comments", n);
  }

  refresh() {
    this.panel.refresh();
    this.pins.invalidate();
    this.editor.refresh();
  }

  // Where they are

  /** The region that a comment is about, if the answer has it still. @param {Comment} comment @returns {Region|undefined} */
  regionOf({ region }) {
    return region === null ? undefined : this.#region(region);
  }

  /** @param {string} id */
  #region(id) {
    const { regions } = this.editor.store;
    return regions.get(id) ?? [...regions.values()].find((one) => one.id === id);
  }

  /** Where a comment is pinned now: to its region, or to where that was last. @param {Comment} comment @returns {Place|null} */
  placeOf(comment) {
    const region = this.regionOf(comment);
    const place = region && isShape(region) ? placeOn(region) : null;
    if (place) this.seen.set(comment.uuid, place);
    return place ?? this.seen.get(comment.uuid) ?? comment.place;
  }

  /** Where what is being written would be pinned. @returns {Place|null} */
  get aim() {
    const { target } = this;
    const region = target?.region ? this.#region(target.region) : undefined;
    return (region && isShape(region) ? placeOn(region) : target?.place) ?? null;
  }

  /** What a comment is about, in words. @param {Comment} comment */
  about(comment) {
    if (comment.region === null) return comment.place ? "" : gettext("the whole answer");
    const name = this.regionOf(comment)?.labels.join(", ") ?? comment.label;
    return this.regionOf(comment) ? name : gettext("{name}, a region that is gone", { name });
  }

  /** What a comment would be about now: the selected region, else the selected words or the place in sight. @returns {Target} */
  #here() {
    const { store, stage, texts, medium, pages } = this.editor;
    const [region, more] = store.selectedShapes();
    if (region && !more && !region.pending) return this.known.has(region.id) ? { region: region.id } : { place: placeOn(region) };
    if (!medium.isPicture) {
      const words = texts?.document.selected;
      if (!words) return { place: null };
      const { start, end } = texts.document.units.span(words.from, words.to);
      return { place: { start, end } };
    }
    const { x, y } = stage.viewport.toImage(stage.focus);
    const place = { x: clamp(x, 0, stage.size.width), y: clamp(y, 0, stage.size.height) };
    return { place: pages.at ? { ...place, page: pages.at } : place };
  }

  // What is done

  /** @returns {Command[]} */
  commands() {
    const group = gettext("Comments");
    const here = () => this.annotation !== null;
    const some = () => this.list.length > 0;
    return [
      { id: "comment.add", title: gettext("Comment on the selected region, or on the place under the pointer"), group, keys: ["Alt+c"], icon: BUBBLE, when: here, run: () => this.write(this.#here()) },
      { id: "comment.next", title: gettext("Next comment"), group, keys: ["Alt+v"], icon: "chevron-right", repeat: true, when: some, run: () => this.step(1) },
      { id: "comment.previous", title: gettext("Previous comment"), group, keys: ["Alt+Shift+v"], icon: "chevron-left", repeat: true, when: some, run: () => this.step(-1) },
      { id: "comment.reply", title: gettext("Reply to the comment"), group, keys: ["Alt+a"], icon: REPLY, when: () => this.one !== undefined, run: () => this.reply() },
      { id: "comment.resolve", title: gettext("Resolve the comment, or open it again"), group, keys: ["Alt+z"], icon: "check", when: () => this.one !== undefined, active: () => this.one?.resolved === true, run: () => void this.resolve() },
    ];
  }

  /** Take a comment in hand and go to its place. @param {string} comment its uuid */
  pick(comment) {
    this.current = comment;
    const one = this.one;
    if (!one) return;
    this.editor.notes.settle("comments");
    this.editor.openSide(true);
    const region = this.regionOf(one);
    if (region && isShape(region)) this.editor.pick(region.key, false);
    else void this.#goTo(this.placeOf(one));
    this.refresh();
    this.editor.notes.announce(`${one.number}. ${one.author}: ${one.text}`);
  }

  /** @param {Place|null} place */
  async #goTo(place) {
    const { texts, pages, stage, store } = this.editor;
    if (!place) return;
    store.select([]);
    if ("start" in place) return texts?.document.reveal(place);
    await pages.go(place.page ?? 0);
    stage.viewport.reveal({ left: place.x, top: place.y, right: place.x, bottom: place.y });
  }

  /** Some comments on; open ones alone, as long as there are any. @param {number} by */
  step(by) {
    const list = this.unresolved.length ? this.unresolved : this.list;
    const at = list.findIndex((one) => one.uuid === this.current);
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length];
    if (next) this.pick(next.uuid);
  }

  /** Begin to write. @param {Target} target */
  write(target) {
    this.target = target;
    this.editor.openSide(true);
    this.refresh();
    this.panel.focus();
  }

  reply() {
    if (this.one) this.write({ reply_to: this.one.uuid });
  }

  /** Nothing is written any more. */
  stop() {
    this.target = null;
    this.refresh();
    focusItem(this.editor);
  }

  /** What was written goes to the server; it stays in the field until it is there. @param {string} text */
  async send(text) {
    const { target, annotation } = this;
    if (!target || !annotation || !text.trim()) return;
    const body = JSON.stringify({ ...target, text, uuid: this.panel.uuid });
    const said = await this.#call("POST", "", body);
    if (!said || annotation !== this.annotation) return;
    this.current = said.uuid;
    this.panel.clear();
    this.stop();
    this.editor.notes.announce(target.reply_to ? gettext("Replied.") : gettext("Comment {n} was added.", { n: said.number }));
  }

  async resolve() {
    const { one, annotation } = this;
    if (!one) return;
    const said = await this.#call(one.resolved ? "DELETE" : "PUT", `/${one.uuid}/resolved`, null);
    if (!said || annotation !== this.annotation) return;
    this.refresh();
    this.editor.notes.say(said.resolved ? gettext("Comment {n} is resolved.", { n: said.number }) : gettext("Comment {n} is open again.", { n: said.number }));
  }

  /** @param {"POST"|"PUT"|"DELETE"} method @param {string} below @param {string|null} body @returns {Promise<Comment|null>} */
  async #call(method, below, body) {
    const { annotation } = this;
    if (!annotation) return null;
    try {
      const { data } = await call(method, this.address.replace("{annotation}", annotation) + below, body);
      if (annotation === this.annotation) this.#put(data);
      return data;
    } catch (error) {
      this.editor.notes.say(gettext("The comment was not saved: {why}", { why: error instanceof Error ? error.message : String(error) }));
      return null;
    }
  }

  /** @param {Comment} comment in place of the one that it is, or as a new one */
  #put(comment) {
    const at = this.list.findIndex((one) => one.uuid === comment.uuid);
    if (at < 0) this.list.push(comment);
    else this.list[at] = comment;
  }
}

/** Strokes of what the sprite of icons lacks. */
const BUBBLE = "M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM12 8v6M9 11h6";
const REPLY = "M9 14L4 9l5-5M4 9h9a7 7 0 0 1 7 7v3";

/** Where a region is pinned: the upper right corner of its bounds, or its words. @param {Region} region @returns {Place} */
function placeOn(region) {
  if (shapeOf(region).inText) {
    const { start, end } = /** @type {SpanRegion} */ (region);
    return { start, end };
  }
  const { right, top } = boundsOf(region);
  return region.frame ? { x: right, y: top, page: region.frame } : { x: right, y: top };
}
