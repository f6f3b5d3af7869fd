// @ts-check
/** What is done to regions that are there: accept, delete, copy, move by keys, undo, and going from one to the next. */

import { REACH, union } from "../lode/canvas/geometry.js";
import { uuid } from "../lode/uuid.js";
import { gettext, ngettext } from "../lode/words.js";
import { brought, lossOf } from "./carry.js";
import { boundsOf, isKept, isShape, shapeOf } from "./kinds/index.js";
import { copied } from "./model/answers.js";
import { taken } from "./model/convert.js";
import { among, relation } from "./model/relations.js";
import { nextAt } from "./view/hit.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./model/relations.js").Relation} Relation */
/** @typedef {import("./model/types.js").Region} Region */

/** How far a copy lies from what it was copied from, in CSS pixels. */
const PASTE_ASIDE = 14;

export class RegionActs {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.store = editor.store;
    this.stage = editor.stage;
    this.notes = editor.notes;
    /** What Ctrl+C took, for this picture and the next ones. @type {readonly Region[]} */
    this.copied = [];
    /** The relations among them. @type {readonly Relation[]} */
    this.copiedRelations = [];
    this.copiedOn = this.stage.size;
    this.pastes = 0;
  }

  /** The selected regions that may be changed. */
  changeable() {
    return this.store.selectedShapes().filter((one) => (!one.pending || one.suggested) && !this.store.locked.has(one.key));
  }

  /** Take pre-labels as one's own. @param {Iterable<string>} keys */
  accept(keys) {
    const pending = [...keys].map((key) => this.store.regions.get(key)).filter((region) => region?.pending);
    if (!pending.length) return;
    /** @type {string[]} */
    const made = [];
    this.store.transact(ngettext("Accept {n} pre-label", "Accept {n} pre-labels", pending.length), (change) => {
      for (const region of pending) {
        if (!region || isKept(region)) continue;
        const control = isShape(region) ? undefined : this.editor.controls.find((one) => one.name === region.control);
        const replaced = control && this.editor.questions.answerOf(control, false);
        change.remove(region.key);
        if (replaced) change.remove(replaced.key);
        const mine = taken(region, uuid());
        change.add(mine);
        made.push(mine.key);
      }
    });
    if (made.length === 1) this.store.select(made);
    this.notes.announce(ngettext("{n} pre-label accepted", "{n} pre-labels accepted", made.length));
  }

  /** Put pre-labels aside: they are not shown or counted any more. @param {Iterable<string>} keys */
  dismiss(keys) {
    const gone = [...keys].filter((key) => this.store.regions.get(key)?.pending);
    this.store.transact(ngettext("Dismiss {n} pre-label", "Dismiss {n} pre-labels", gone.length), (change) => gone.forEach((key) => change.remove(key)));
    if (gone.length) this.notes.announce(ngettext("{n} pre-label dismissed", "{n} pre-labels dismissed", gone.length));
  }

  /** Put the selected pre-labels aside and go to the next one; with none selected, go to the first. */
  dismissNext() {
    const order = this.editor.list.ordered().filter((one) => one.pending).map((one) => one.key);
    const selected = order.filter((key) => this.store.selection.has(key));
    const at = order.indexOf(selected.at(-1) ?? "");
    const next = order.slice(at + 1).find((key) => !selected.includes(key)) ?? order.find((key) => !selected.includes(key));
    this.dismiss(selected);
    if (next) this.editor.pick(next, false);
  }

  /** Pre-labels to be taken or put aside together: those shown, without those in question. @returns {Region[]} */
  offered() {
    return this.store.pending().filter((region) => !region.questioned && this.store.isListed(region));
  }

  /** Delete regions, or put pre-labels aside. @param {Iterable<string>} keys */
  remove(keys) {
    const regions = [...keys].map((key) => this.store.regions.get(key)).filter((region) => region !== undefined);
    const open = regions.filter((region) => !this.store.locked.has(region.key));
    const kept = regions.length - open.length;
    if (open.length && open.every((region) => region.pending)) return this.dismiss(open.map((region) => region.key));
    if (kept) this.notes.say(ngettext("{n} locked region kept.", "{n} locked regions kept.", kept));
    if (!open.length) return;
    const order = this.editor.list.ordered().map((shape) => shape.key);
    const at = order.indexOf(/** @type {Region} */ (open[0]).key);
    this.store.transact(ngettext("Delete {n} region", "Delete {n} regions", open.length), (change) => {
      for (const region of open) {
        change.remove(region.key);
        // What hangs on the same region of a kind we do not edit goes with it.
        for (const other of [...this.store.regions.values()]) {
          if (isKept(other) && other.id === region.id) change.remove(other.key);
        }
      }
    });
    if (open.length === 1 && this.stage.tool?.id === "select") {
      const rest = this.editor.list.ordered();
      const next = rest[Math.min(at, rest.length - 1)];
      if (next && at >= 0) this.store.select([next.key]);
    }
    this.notes.announce(ngettext("{n} region deleted", "{n} regions deleted", open.length));
  }

  undo() {
    const step = this.store.undo();
    if (!step) return;
    this.editor.pages.follow(step);
    this.notes.announce(gettext("Undone: {what}", { what: step.label }));
  }

  redo() {
    const step = this.store.redo();
    if (!step) return;
    const made = step.patches.filter((patch) => !patch.before && isShape(patch.after));
    if (made.length) this.store.select(made.map((patch) => patch.key));
    this.editor.pages.follow(step);
    this.notes.announce(gettext("Redone: {what}", { what: step.label }));
  }

  copy() {
    this.copied = this.store.selectedShapes();
    this.copiedRelations = among(this.store.relations.values(), this.copied);
    this.copiedOn = this.stage.size;
    this.pastes = 0;
    this.notes.announce(ngettext("{n} region copied", "{n} regions copied", this.copied.length));
  }

  /** Shapes as new regions of one's own: on the picture they were copied from a little aside, on another in place. */
  paste() {
    const { shapes, ...lost } = brought({ shapes: this.known(this.copied), size: this.copiedOn }, this.stage.size);
    if (lost.cut || lost.out) this.notes.say(lossOf(lost));
    const here = shapes.some((shape) => this.store.regions.has(shape.key) && this.store.isHere(shape));
    this.pastes += here ? 1 : 0;
    this.add(shapes, (this.pastes * PASTE_ASIDE) / this.stage.viewport.scale, gettext("Paste {n}", { n: shapes.length }), this.copiedRelations);
  }

  duplicate() {
    const shapes = this.store.selectedShapes();
    this.add(shapes, PASTE_ASIDE / this.stage.viewport.scale, gettext("Duplicate"), among(this.store.relations.values(), shapes));
  }

  /** Those whose labels the task has. @param {readonly Region[]} shapes @returns {Region[]} */
  known(shapes) {
    const labels = new Set(this.editor.controls.flatMap((control) => control.labels.map((label) => `${control.name}/${label.value}`)));
    return shapes.filter((shape) => shape.labels.every((label) => labels.has(`${shape.control}/${label}`)));
  }

  /** Copies of shapes on the page in sight, and of the relations among them, the shapes selected. @param {readonly Region[]} shapes @param {number} aside image pixels to the right and down @param {string} label @param {readonly Relation[]} relations */
  add(shapes, aside, label, relations) {
    const fit = shapes.flatMap((shape) => this.#here(shape) ?? []);
    if (fit.length < shapes.length) this.notes.say(gettext("What this picture has no label for was left out."));
    if (fit.length) this.#add(fit, aside, label, relations);
  }

  /** A shape under a control that is about the picture in sight, null where there is none. @param {Region} shape @returns {Region|null} */
  #here(shape) {
    const { controls, pages } = this.editor;
    const own = controls.find((one) => one.name === shape.control);
    if (!own || pages.takes(own)) return shape;
    const [label = ""] = shape.labels;
    const twin = controls.find((one) => one.type === own.type && pages.takes(one) && one.labels.some(({ value }) => value === label));
    if (!twin) return null;
    const kind = shapeOf(shape);
    const made = kind.relabel ? kind.relabel(shape, twin, label) : shape;
    return made && { ...made, control: twin.name };
  }

  /** @param {readonly Region[]} shapes @param {number} aside @param {string} label @param {readonly Relation[]} relations */
  #add(shapes, aside, label, relations) {
    const made = shapes.map((shape) => {
      const id = uuid();
      const { model: _model, ...at } = aside ? shapeOf(shape).move(shape, aside, aside, this.stage.size) : shape;
      const own = { key: id, id, frame: this.editor.pages.at, pending: false, questioned: false, score: null, source: null, changed: true };
      return { ...at, ...own, attributes: copied(at.attributes) };
    });
    const copies = new Map(shapes.map((shape, at) => [shape.key, made[at]?.key ?? ""]));
    const linked = among(relations, shapes).map((one) => {
      const ends = { from: copies.get(one.from) ?? "", to: copies.get(one.to) ?? "", both: one.both };
      const { control } = this.editor.relations;
      return relation(ends, control?.labels.find(({ value }) => value === one.labels[0])?.value ?? null, control, uuid());
    });
    this.store.transact(label, (change) => [...made, ...linked].forEach((one) => change.add(one)));
    this.store.select(made.map((shape) => shape.key));
    this.notes.announce(ngettext("{n} region added", "{n} regions added", made.length));
  }

  below() {
    const point = this.stage.viewport.toImage(this.stage.focus);
    const region = nextAt(this.store, point, REACH / this.stage.viewport.scale);
    if (region) this.store.select([region.key]);
  }

  /** Take the selected pre-labels and go to the next one; with none selected, go to the first. Those in question are passed over. */
  acceptNext() {
    const selected = [...this.store.selection].filter((key) => this.store.regions.get(key)?.pending);
    const order = this.offered().filter(isShape).map((one) => one.key);
    if (!selected.length) {
      const first = order[0];
      if (first) this.editor.pick(first, false);
      else this.accept(this.offered().map((region) => region.key));
      return;
    }
    const after = order.indexOf(/** @type {string} */ (selected.at(-1)));
    const next = order.slice(after + 1).find((key) => !selected.includes(key)) ?? order.find((key) => !selected.includes(key));
    this.accept(selected);
    if (next) this.editor.pick(next, false);
  }

  hideOthers() {
    const { store } = this;
    if (store.hidden.size) return store.setHidden([...store.hidden], false);
    const others = store.shapes().map((shape) => shape.key).filter((key) => !store.selection.has(key));
    store.setHidden(others, true);
  }

  zoomToSelection() {
    const shapes = this.store.selectedShapes();
    if (!shapes.length) return this.stage.viewport.zoomTo(this.stage.focus, 1);
    this.stage.viewport.show(union(shapes.map(boundsOf)));
  }

  /** @param {number} dx @param {number} dy */
  nudge(dx, dy) {
    const { size } = this.stage;
    this.#change(gettext("Move"), "nudge", this.changeable(), (region) => shapeOf(region).move(region, dx, dy, size));
  }

  /** @param {number} dx @param {number} dy */
  grow(dx, dy) {
    const { size } = this.stage;
    const able = this.changeable().filter((region) => shapeOf(region).grow);
    this.#change(gettext("Resize"), "grow", able, (region) => shapeOf(region).grow?.(region, dx, dy, size) ?? region);
  }

  /** @param {number} degrees clockwise */
  turn(degrees) {
    const { size } = this.stage;
    const able = this.changeable().filter((region) => shapeOf(region).turn);
    this.#change(gettext("Rotate"), "turn", able, (region) => shapeOf(region).turn?.(region, degrees, size) ?? region);
  }

  /**
   * Change regions; the same again in a row is one step of undo.
   * @param {string} label
   * @param {string} mark
   * @param {readonly Region[]} regions
   * @param {(region: Region) => Region} fn
   */
  #change(label, mark, regions, fn) {
    this.store.transact(label, (change) => regions.forEach((one) => change.replace({ ...fn(one), changed: true })), {
      merge: `${mark} ${regions.map((one) => one.key).join()}`,
    });
  }
}
