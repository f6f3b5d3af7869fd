// @ts-check
/** What is done with the links between regions: made, turned, given a class, deleted. */

import { uuid } from "../lode/uuid.js";
import { gettext } from "../lode/words.js";
import { isShape } from "./kinds/index.js";
import { DIRECTIONS, clash, controlOf, directionOf, otherEnd, relation, turned } from "./model/relations.js";
import { linkTool } from "./tools/link.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./model/relations.js").Relation} Relation */
/** @typedef {import("./model/types.js").Control} Control */
/** @typedef {import("./model/types.js").Region} Region */

export class Relations {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.store = editor.store;
    this.stage = editor.stage;
    this.notes = editor.notes;
    /** The control that has the classes of relations. @type {Control|undefined} */
    this.control = undefined;
    /** The class that the next link gets; null for none. @type {string|null} */
    this.label = null;
    /** The relation that the keys mean. */
    this.current = "";
    /** The tool that was in hand before linking. */
    this.before = "select";
    this.stage.addTool(linkTool(this.stage, (key) => this.take(key), () => this.#left()));
    this.store.addEventListener("load", () => this.stop());
  }

  /** @param {readonly Control[]} controls */
  set(controls) {
    const known = this.control?.name;
    this.control = controlOf(controls);
    const labels = this.control?.labels.map((label) => label.value) ?? [];
    if (known !== this.control?.name || (this.label !== null && !labels.includes(this.label))) this.label = labels[0] ?? null;
  }

  /** The region that is being linked; null where none is. @returns {Region|null} */
  get from() {
    return this.store.regions.get(this.stage.scene.linkFrom ?? "") ?? null;
  }

  /** The relations of the selected regions, in order. @returns {Relation[]} */
  selected() {
    const { relations, selection } = this.store;
    return [...relations.values()].filter(({ from, to }) => selection.has(from) || selection.has(to));
  }

  /** The one of them that the keys mean: the one that was changed last, else the last. @returns {Relation|undefined} */
  get meant() {
    const relations = this.selected();
    return relations.find((one) => one.key === this.current) ?? relations.at(-1);
  }

  /** The end of a relation from which it is looked at. @param {Relation} relation */
  seenFrom({ from, to }) {
    return this.store.selection.has(from) ? from : to;
  }

  /** Whether linking can begin or end now. */
  get able() {
    return this.stage.editable && (this.from !== null || this.#own().length > 0);
  }

  /** Link two selected regions, or the selected one with the next one that is pressed or selected. */
  link() {
    const own = this.#own();
    const { from } = this;
    if (!from) this.stop(); // it has gone meanwhile
    const [first, second] = own;
    if (from) {
      const other = own.find((one) => one.key !== from.key);
      if (other) this.take(other.key);
      else this.stop();
    } else if (first && second) {
      if (own.length > 2) this.notes.say(gettext("A relation links two regions: select two, or one and press the other."));
      else this.#make(first.key, second.key);
    } else if (first) {
      this.before = this.stage.tool?.id ?? "select";
      this.stage.use("link");
      this.stage.scene.linkFrom = first.key;
      this.stage.hover();
      const cancel = { title: gettext("Cancel"), run: () => void this.stop() };
      this.notes.stay("link", gettext("Press the region to link with, or select it and press the key again."), [cancel], "note");
    }
    this.editor.refresh();
  }

  /** The region to link with was pressed. @param {string} key @returns {boolean} whether one is being linked */
  take(key) {
    const { from } = this;
    if (!from) {
      this.stop();
      return false;
    }
    const region = this.store.regions.get(key);
    if (region?.pending) {
      this.notes.say(gettext("Accept this pre-label first, then link it."));
    } else if (region && isShape(region) && key !== from.key) {
      this.stop();
      this.#make(from.key, key);
    }
    return true;
  }

  /** Stop linking. @returns {boolean} whether one was being linked */
  stop() {
    if (this.stage.tool?.id !== "link") return false;
    this.stage.use(this.before);
    return true;
  }

  #left() {
    this.stage.scene.linkFrom = null;
    this.notes.settle("link");
    this.editor.refresh();
  }

  #own() {
    return this.store.selectedShapes().filter((region) => !region.pending);
  }

  /** @param {string} from @param {string} to */
  #make(from, to) {
    const made = relation({ from, to }, this.label, this.control, uuid());
    if (this.#clashes(made)) return;
    this.store.transact(gettext("Link regions"), (change) => change.add(made));
    this.current = made.key;
    this.store.select([from]);
    this.notes.announce(this.words(made));
  }

  /** Whether another one says this already; then it is said. @param {Relation} wanted */
  #clashes(wanted) {
    const other = [...this.store.relations.values()].find((one) => one.key !== wanted.key && clash(one, wanted));
    if (other) this.notes.say(gettext("These two regions are linked like this already."));
    return other !== undefined;
  }

  /** @param {Relation} wanted @param {string} label of the step */
  #change(wanted, label) {
    if (!this.stage.editable || this.#clashes(wanted)) return;
    this.current = wanted.key;
    this.store.transact(label, (change) => change.replace(wanted));
    this.notes.announce(this.words(wanted));
  }

  /** To the other region, to this one, or both ways: one after the other. @param {Relation} relation */
  turn(relation) {
    const end = this.seenFrom(relation);
    const at = DIRECTIONS.indexOf(directionOf(relation, end));
    this.#change(turned(relation, end, DIRECTIONS[(at + 1) % DIRECTIONS.length] ?? "out"), gettext("Change the direction"));
  }

  /** @param {Relation} relation @param {string|null} label null for no class */
  classify(relation, label) {
    const { control } = this;
    this.label = label;
    const labels = label === null ? [] : [label];
    this.#change({ ...relation, control: control?.name ?? "", labels, changed: true }, gettext("Relabel"));
  }

  /** The class after that which it has; after the last, none. @param {Relation} relation */
  nextClass(relation) {
    const labels = this.control?.labels.map((label) => label.value) ?? [];
    this.classify(relation, labels[labels.indexOf(relation.labels[0] ?? "") + 1] ?? null);
  }

  /** @param {Relation} relation */
  remove(relation) {
    if (!this.stage.editable) return;
    this.store.transact(gettext("Delete the relation"), (change) => change.remove(relation.key));
    this.notes.announce(gettext("Relation deleted"));
  }

  /** As one of its ends sees it, in words: "to horse (rides)". @param {Relation} relation @param {string} [end] */
  words(relation, end = this.seenFrom(relation)) {
    const other = this.store.regions.get(otherEnd(relation, end));
    const name = other?.labels.join(", ") || gettext("no label");
    const said = {
      out: gettext("to {name}", { name }),
      in: gettext("from {name}", { name }),
      both: gettext("both ways with {name}", { name }),
    }[directionOf(relation, end)];
    return relation.labels.length ? `${said} (${relation.labels.join(", ")})` : said;
  }

  /** All relations of a region in words. @param {Region} region @returns {string[]} */
  wordsOf(region) {
    if (!this.store.relations.size) return [];
    return [...this.store.relations.values()].filter(({ from, to }) => from === region.key || to === region.key).map((one) => this.words(one, region.key));
  }
}

/** @param {Editor} editor @returns {Command[]} */
export function relationCommands(editor) {
  const { relations, stage } = editor;
  const group = gettext("Relations");
  const some = () => stage.editable && relations.meant !== undefined;
  const meant = (/** @type {(relation: Relation) => void} */ act) => () => {
    if (relations.meant) act(relations.meant);
  };
  return [
    { id: "relation.link", title: gettext("Link the selected region with the next one pressed"), group, keys: ["Shift+j"], icon: "link", when: () => relations.able, active: () => stage.tool?.id === "link", run: () => relations.link() },
    { id: "relation.turn", title: gettext("Change the direction of the relation"), group, keys: ["Alt+j"], when: some, run: meant((one) => relations.turn(one)) },
    { id: "relation.class", title: gettext("Next class of the relation"), group, keys: ["Alt+k"], when: () => some() && relations.control !== undefined, run: meant((one) => relations.nextClass(one)) },
    { id: "relation.delete", title: gettext("Delete the relation"), group, keys: ["Alt+Delete", "Alt+Backspace"], when: some, run: meant((one) => relations.remove(one)) },
  ];
}
