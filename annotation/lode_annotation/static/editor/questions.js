// @ts-check
/** What is asked of the whole item and of the selected regions: their forms, what is answered, and what still lacks. */

import { find } from "../lode/dom.js";
import { uuid } from "../lode/uuid.js";
import { gettext, ngettext } from "../lode/words.js";
import { answerFor, kindFor, kindOf } from "./kinds/index.js";
import { answer, answered, inWords, isAbout, saidOf, saysSame } from "./model/answers.js";
import { LabelPanels } from "./ui/labels.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./model/types.js").Control} Control */
/** @typedef {import("./model/types.js").Label} Label */
/** @typedef {import("./model/types.js").Region} Region */

export class Questions {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.store = editor.store;
    /** The regions whose questions are in sight. */
    this.asked = "";
    /** What was answered before, where that is to be seen beside the answers. @type {import("./review/changes.js").Held|null} */
    this.held = null;
    /** Those of the item, where it is a list. @type {readonly import("./media/index.js").Entry[]} */
    this.entries = [];
    /** @type {import("./ui/labels.js").PaletteHost} */
    const host = {
      stage: editor.stage,
      pick: (control, label) => editor.useLabel(control, label),
      keyOf: (control, label) => editor.labelKeys.get(`${control.name}/${label.value}`) ?? "",
      isOn: (control, label) => editor.isOn(control, label),
      suggestion: (control) => this.answerOf(control, true)?.said,
      say: (control, next, typing) => this.say(control, next, typing),
      said: (control) => this.said(control),
      was: (control) => this.#was(control),
      isAsked: (control) => !control.per_region || this.askedOf(control).length > 0,
      entries: () => this.entries,
      isExplained: (label) => editor.guidance.has(label),
      explain: (label) => editor.guidance.toggle(label),
      mayAnswer: (control) => editor.stage.editable && (!control.per_region || this.#answerable(control).length > 0),
    };
    this.panels = new LabelPanels(find("[data-labels]", editor.root), host);
    this.attributes = new LabelPanels(find("[data-attributes]", editor.root), host);
  }

  /** @param {readonly Control[]} controls */
  set(controls) {
    this.panels.set(controls.filter((one) => !one.per_region));
    this.attributes.set(controls.filter((one) => one.per_region));
  }

  /** The answer about the whole item, or a pre-label of one. @param {Control} control @param {boolean} pending @returns {Region|undefined} */
  answerOf(control, pending) {
    for (const region of this.store.regions.values()) {
      if (region.control === control.name && region.pending === pending && kindOf(region) === kindFor(control)) return region;
    }
    return undefined;
  }

  /** The regions that a question is to be answered of: those selected that it is asked of. @param {Control} control @returns {Region[]} */
  askedOf(control) {
    return this.store.selectedShapes().filter((region) => !region.pending && isAbout(control, region));
  }

  /** @param {Control} control @returns {Region[]} those that are not locked */
  #answerable(control) {
    return this.askedOf(control).filter((region) => !this.store.locked.has(region.key));
  }

  /** What is answered; `mixed` where several regions are selected that do not say the same. @param {Control} control @returns {{said: any, mixed: boolean}} */
  said(control) {
    if (!control.per_region) return { said: this.answerOf(control, false)?.said ?? null, mixed: false };
    const [first = null, ...others] = this.askedOf(control).map((region) => saidOf(region, control));
    const mixed = others.some((other) => !saysSame(first, other));
    return { said: mixed ? null : first, mixed };
  }

  /**
   * Answer a question about the whole item or about the selected regions.
   * @param {Control} control
   * @param {(had: any) => any} next what is said, of what was
   * @param {boolean} [typing] several steps in a row are one
   */
  say(control, next, typing = false) {
    const regions = this.#answerable(control);
    if (!this.editor.stage.editable || (control.per_region && !regions.length)) return;
    const { said: had } = this.said(control);
    const said = next(had);
    if (said === had) return;
    const mark = typing ? { merge: `say ${control.name} ${regions.map((region) => region.key).join()}` } : {};
    const before = this.answerOf(control, false);
    this.store.transact(
      gettext("Answer {name}", { name: control.name }),
      (change) => {
        if (control.per_region) for (const region of regions) change.replace(answered(region, control, said));
        else if (before) change.replace({ ...before, said, changed: true });
        else change.add(answer(control, said, uuid()));
      },
      mark,
    );
    if (!typing) this.editor.notes.announce(inWords(said) || gettext("no answer"));
  }

  /** What keeps the work from being submitted; null where nothing does. @returns {{control: Control, region: Region|null, words: string}|null} */
  problem() {
    for (const control of this.editor.controls) {
      const { name } = control;
      const kind = kindFor(control);
      const shapes = this.store.shapes().filter((shape) => !shape.pending);
      if (kind?.drawn) {
        const there = !control.required || shapes.some((shape) => shape.control === name);
        if (!there) return { control, region: null, words: gettext("{name} must be answered before submitting.", { name }) };
      } else if (kind) {
        for (const region of control.per_region ? shapes.filter((shape) => isAbout(control, shape)) : [null]) {
          const said = region ? saidOf(region, control) : this.said(control).said;
          const words = this.#wrong(control, said, region);
          if (words) return { control, region, words };
        }
      }
    }
    return null;
  }

  /** @param {Control} control @param {any} said @param {Region|null} region */
  #wrong(control, said, region) {
    const kind = answerFor(control);
    if (said !== null && !kind?.isEmpty(said)) return kind?.wrong(control, said) ?? "";
    if (!control.required) return "";
    if (!region) return gettext("{name} must be answered before submitting.", { name: control.name });
    return gettext("{name} must be answered of this {label} before submitting.", { name: control.name, label: region.labels.join(", ") });
  }

  /** Show what keeps the work from being submitted. @param {{control: Control, region: Region|null, words: string}} problem */
  pointAt({ control, region, words }) {
    this.editor.openSide(true);
    if (region) this.editor.pick(region.key, false);
    this.refresh();
    (control.per_region ? this.attributes : this.panels).point(control.name);
    this.editor.notes.say(words);
  }

  /** Give the keys to the first question that has a form: one about the selected regions, if there is one. */
  toForm() {
    this.editor.openSide(true);
    const inSight = [...this.attributes.fields(), ...this.panels.fields()].find((field) => field.offsetParent !== null);
    /** @type {HTMLElement|null|undefined} */ (inSight?.querySelector("textarea, input, [tabindex='0']"))?.focus();
  }

  /** What was said before, in words; "" where it is the same or not known. @param {Control} control */
  #was(control) {
    if (!this.held) return "";
    const regions = this.askedOf(control);
    const [region] = regions;
    if (control.per_region && (regions.length !== 1 || !region)) return "";
    const before = region && control.per_region ? this.held.regions.get(region.id) : undefined;
    const was = control.per_region ? before && saidOf(before, control) : this.held.answers.get(control.name);
    if (control.per_region && !before) return "";
    return saysSame(was, this.said(control).said) ? "" : inWords(was) || gettext("no answer");
  }

  /** Bring the forms up to date. */
  refresh() {
    this.panels.refresh();
    const regions = this.store.selectedShapes().filter((region) => !region.pending);
    const title = regions.length === 1 ? (regions[0]?.labels.join(", ") ?? "") : ngettext("{n} region selected", "{n} regions selected", regions.length);
    this.attributes.head(title);
    this.attributes.refresh();
    const asked = this.attributes.root.hidden ? "" : regions.map((region) => region.key).join();
    if (asked && asked !== this.asked) this.attributes.root.scrollIntoView({ block: "nearest" });
    this.asked = asked;
  }
}
