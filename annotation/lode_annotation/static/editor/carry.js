// @ts-check
/** Regions brought from one picture to another: never scaled, cut at the edge of the other picture. */

import { gettext, ngettext } from "../lode/words.js";
import { boundsOf, shapeOf } from "./kinds/index.js";
import { among } from "./model/relations.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./model/types.js").Region} Region */
/** @typedef {import("./model/types.js").Size} Size */
/** @typedef {{shapes: readonly Region[], size: Size}} Taken shapes, and the size of the picture they lie on */

/**
 * @param {Taken} taken
 * @param {Size} image the picture they come to
 * @returns {{shapes: Region[], cut: number, out: number}} `cut`: how many of them lost a part, `out`: how many lie outside
 * or cannot be cut
 */
export function brought({ shapes, size }, image) {
  if (size.width === image.width && size.height === image.height) return { shapes: [...shapes], cut: 0, out: 0 };
  const fitting = shapes.map((shape) => (isWithin(shape, image) ? shape : (shapeOf(shape).cut?.(shape, image) ?? null)));
  const left = /** @type {Region[]} */ (fitting.filter(Boolean));
  return { shapes: left, cut: left.filter((shape) => !shapes.includes(shape)).length, out: shapes.length - left.length };
}

/** @param {Region} shape @param {Size} image */
function isWithin(shape, image) {
  const edge = boundsOf(shape);
  return edge.left >= 0 && edge.top >= 0 && edge.right <= image.width && edge.bottom <= image.height;
}

/** What became of regions at the edge, in words; empty where nothing did. @param {{cut: number, out: number}} lost @returns {string} */
export function lossOf({ cut, out }) {
  return [
    cut ? ngettext("{n} region was clipped to the picture.", "{n} regions were clipped to the picture.", cut) : "",
    out ? ngettext("{n} region lay outside and was left out.", "{n} regions lay outside and were left out.", out) : "",
  ].join(" ").trim();
}

/** Carries regions to the task that opens next. */
export class Carrier {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    /** @type {(Taken & {from: string, relations: readonly import("./model/relations.js").Relation[]})|null} */
    this.load = null;
  }

  /** What would be taken: the selected regions, or all of one's own on the page where none is selected. @returns {Region[]} */
  get ready() {
    const { store } = this.editor;
    const selected = store.selectedShapes();
    return selected.length ? selected : store.shapes().filter((shape) => !shape.pending && store.isHere(shape));
  }

  /** @param {string} task in hand */
  take(task) {
    const { notes, stage, store } = this.editor;
    const shapes = this.ready;
    this.load = { shapes, relations: among(store.relations.values(), shapes), size: stage.size, from: task };
    const count = this.load.shapes.length;
    notes.say(ngettext("{n} region will be copied to the next task.", "{n} regions will be copied to the next task.", count));
  }

  /** Another task's picture is shown: lay down what was taken, as one step. @param {string} task */
  arrive(task) {
    const { load } = this;
    if (!load || load.from === task) return;
    this.load = null;
    const { acts, notes, stage } = this.editor;
    const { shapes, ...lost } = brought({ ...load, shapes: acts.known(load.shapes) }, stage.size);
    if (shapes.length) acts.add(shapes, 0, ngettext("Copy {n} region from the previous task", "Copy {n} regions from the previous task", shapes.length), load.relations);
    const words = ngettext("{n} region was copied from the previous task.", "{n} regions were copied from the previous task.", shapes.length);
    notes.say(`${words} ${lossOf(lost)}`.trim());
  }
}

/** The command of the label page. @param {Editor} editor @param {() => string|undefined} task in hand @returns {import("./keymap.js").Command} */
export function carryCommand(editor, task) {
  const { carrier, stage } = editor;
  return {
    id: "region.carry",
    title: gettext("Copy the selected regions, or all, to the next task"),
    group: gettext("Regions"),
    keys: ["Shift+c"],
    when: () => stage.editable && carrier.ready.length > 0,
    run: () => carrier.take(task() ?? ""),
  };
}
