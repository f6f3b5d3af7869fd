// @ts-check
/** What both pages share: the stage with its tools, the palettes and the list, and the commands on regions. */

import { bounds, clamp, move, resize } from "./geometry.js";
import { Keymap, isTyping } from "./keymap.js";
import { taken } from "./model/convert.js";
import { Store } from "./model/store.js";
import { Stage } from "./stage.js";
import { uuid } from "./task/api.js";
import { boxTool } from "./tools/box.js";
import { panTool } from "./tools/pan.js";
import { selectTool } from "./tools/select.js";
import { bindButtons } from "./ui/buttons.js";
import { find, t, tn } from "./ui/dom.js";
import { showHelp } from "./ui/help.js";
import { LabelPanels } from "./ui/labels.js";
import { Notes } from "./ui/notes.js";
import { RegionList } from "./ui/regions.js";
import { nextAt } from "./view/hit.js";

/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./model/types.js").Box} Box */
/** @typedef {import("./model/types.js").BoxRegion} BoxRegion */
/** @typedef {import("./model/types.js").ChoiceAnswer} ChoiceAnswer */
/** @typedef {import("./model/types.js").Control} Control */
/** @typedef {import("./model/types.js").Label} Label */
/** @typedef {import("./model/types.js").Reason} Reason */
/** @typedef {import("./model/types.js").Region} Region */

const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0].map((digit) => `Digit${digit}`);
/** How far a copy lies from what it was copied from, in CSS pixels. */
const PASTE_ASIDE = 14;
const AUTOMATIC = [...DIGITS, ...DIGITS.map((key) => `Shift+${key}`)];

export class Editor {
  /** @param {HTMLElement} root the page */
  constructor(root) {
    this.root = root;
    this.store = new Store();
    this.keymap = new Keymap();
    this.stage = new Stage(find("[data-stage]", root), this.store);
    this.notes = new Notes(find("[data-notes]", root), find("[data-live]", root));
    /** @type {readonly Control[]} */
    this.controls = [];
    /** The label in hand for drawing. @type {{control: Control, label: Label}|null} */
    this.armed = null;
    /** @type {Map<string, string>} */
    this.labelKeys = new Map();
    /** The page's own commands. @type {() => Command[]} */
    this.more = () => [];
    /** @type {string|null} */
    this.lastDrawn = null;
    /** What Ctrl+C took, for this picture and the next ones. @type {readonly BoxRegion[]} */
    this.copied = [];
    this.pastes = 0;

    this.stage.addTool(selectTool(this.stage));
    this.stage.addTool(boxTool(this.stage, () => this.#pen(), (box) => this.#draw(box)));
    this.stage.addTool(panTool(this.stage));
    this.list = new RegionList(find("[data-region-list]", root), this.store, this.stage, {
      accept: (key) => this.accept([key]),
      remove: (key) => this.remove([key]),
      pick: (key, extend) => this.pick(key, extend),
    });
    this.panels = new LabelPanels(find("[data-labels]", root), {
      stage: this.stage,
      pick: (control, label) => this.useLabel(control, label),
      keyOf: (control, label) => this.labelKeys.get(`${control.name}/${label.value}`) ?? "",
      isOn: (control, label) => this.#isOn(control, label),
      suggestion: (control) => this.#answer(control, true),
    });
    this.hinted = false;
    this.refreshButtons = () => {};
    this.frame = 0;
    this.recount = true;
    this.#listen();
  }

  /** Set the table of commands and dress the buttons; once the page has its own commands. */
  begin() {
    this.setCommands();
    this.refreshButtons = bindButtons(this.root, this.keymap);
    this.refresh();
  }

  /** Take up a task's schema. @param {readonly Control[]} controls */
  setControls(controls) {
    this.controls = controls;
    this.stage.palette.setControls(controls);
    const boxes = controls.find((control) => control.type === "RectangleLabels");
    const kept = this.armed && controls.find((control) => control.name === this.armed?.control.name);
    const label = kept?.labels.find((one) => one.value === this.armed?.label.value) ?? boxes?.labels[0];
    const control = kept ?? boxes;
    this.armed = control && label ? { control, label } : null;
    this.#giveKeys();
    this.setCommands();
    this.panels.set(controls);
    this.recount = true;
    if (!this.armed && this.stage.tool?.id === "box") this.stage.use("select");
    this.refresh();
  }

  /** May regions be changed? @param {boolean} editable */
  setEditable(editable) {
    this.stage.editable = editable;
    this.stage.overlay.editable = editable;
    this.stage.overlay.invalidate();
    this.list.editable = editable;
    if (!editable) this.stage.use("select");
    this.list.refresh();
    this.refresh();
  }

  setCommands() {
    this.keymap.set([...this.#labelCommands(), ...this.more(), ...this.#regionCommands(), ...this.#viewCommands()]);
  }

  /** Bring buttons, palettes and counts up to date, once a frame. */
  refresh() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.panels.refresh();
      this.refreshButtons();
      if (this.recount) {
        this.recount = false;
        this.panels.count(this.store.regions.values());
        find("[data-region-summary]", this.root).textContent = this.list.summary;
      }
      this.root.dataset.tool = this.stage.tool?.id ?? "";
    });
  }

  // Why the task is asked

  /** Outline the failure that caused the task. @param {Reason|null} reason */
  pointAtCause(reason) {
    this.stage.overlay.point(placeOf(reason));
  }

  /** Go to the failure that caused the task; where its place is not known, its page; where none did, say so. @param {Reason|null} reason */
  showCause(reason) {
    const place = placeOf(reason);
    if (place) {
      this.stage.viewport.show(bounds(place));
      this.stage.overlay.point(place);
      this.notes.announce(reason?.text ?? "");
    } else if (reason?.failure_url) {
      open(reason.failure_url, "_blank", "noopener");
    } else {
      this.notes.say(t("No failure caused this task."));
    }
  }

  // Regions

  /** @param {string} key @param {boolean} extend */
  pick(key, extend) {
    const keys = new Set(extend ? this.store.selection : []);
    if (extend && keys.has(key)) keys.delete(key);
    else keys.add(key);
    this.store.select(keys);
    const region = this.store.regions.get(key);
    if (region?.kind === "box") this.stage.viewport.reveal(bounds(region));
  }

  /** A label was chosen: the selected regions get it, a box just drawn too; else it is taken in hand. @param {Control} control @param {Label} label */
  useLabel(control, label) {
    if (control.type === "Choices") return this.answer(control, label.value);
    this.armed = { control, label };
    const selected = this.#changeable();
    if (selected.length && this.stage.editable) {
      this.store.transact(t("Relabel"), (change) => {
        for (const box of selected) {
          const same = box.control === control.name && box.labels.length === 1 && box.labels[0] === label.value;
          if (!same) change.replace({ ...box, control: control.name, labels: [label.value], changed: true });
        }
      });
      if (this.stage.tool?.id === "box") this.#hintOnce();
    } else if (this.stage.editable) {
      this.stage.use("box");
    }
    this.notes.announce(label.value);
    this.refresh();
  }

  /** Once a sitting: that a key pressed after drawing speaks of the box just drawn. */
  #hintOnce() {
    if (this.hinted) return;
    this.hinted = true;
    this.notes.say(t("The box just drawn has this label now. Press Esc first to take a label for the next box."));
  }

  /** Answer a question about the whole item. @param {Control} control @param {string} value */
  answer(control, value) {
    if (!this.stage.editable) return;
    const before = this.#answer(control, false);
    const had = new Set(before?.labels ?? []);
    let labels = [value];
    if (control.choice === "multiple") {
      had.has(value) ? had.delete(value) : had.add(value);
      labels = control.labels.map((label) => label.value).filter((one) => had.has(one));
    } else if (had.has(value)) {
      labels = control.required ? [value] : [];
    }
    this.store.transact(t("Answer {name}", { name: control.name }), (change) => {
      if (before) return change.replace({ ...before, labels, changed: true });
      const id = uuid();
      const shared = { key: id, id, control: control.name, labels, pending: false, questioned: false, score: null, source: null };
      change.add({ ...shared, kind: "choice", changed: true });
    });
    this.notes.announce(labels.join(", ") || t("no answer"));
  }

  /** Take pre-labels as one's own. @param {Iterable<string>} keys */
  accept(keys) {
    const pending = [...keys].map((key) => this.store.regions.get(key)).filter((region) => region?.pending);
    if (!pending.length) return;
    /** @type {string[]} */
    const made = [];
    this.store.transact(tn("Take {n} pre-label", "Take {n} pre-labels", pending.length), (change) => {
      for (const region of pending) {
        if (!region || region.kind === "kept") continue;
        const own = region.kind === "choice" ? this.#answerTaking(region) : null;
        change.remove(region.key);
        if (own?.replaced) change.remove(own.replaced.key);
        const mine = taken(region, uuid());
        change.add(mine);
        made.push(mine.key);
      }
    });
    if (made.length === 1) this.store.select(made);
    this.notes.announce(tn("{n} pre-label taken", "{n} pre-labels taken", made.length));
  }

  /** @param {ChoiceAnswer} suggestion */
  #answerTaking(suggestion) {
    const control = this.controls.find((one) => one.name === suggestion.control);
    return { replaced: control ? this.#answer(control, false) : undefined };
  }

  /** Delete regions, or put pre-labels aside. @param {Iterable<string>} keys */
  remove(keys) {
    const regions = [...keys].map((key) => this.store.regions.get(key)).filter((region) => region !== undefined);
    const open = regions.filter((region) => !this.store.locked.has(region.key));
    const kept = regions.length - open.length;
    if (kept) this.notes.say(tn("{n} locked region kept.", "{n} locked regions kept.", kept));
    if (!open.length) return;
    const order = this.store.boxes().map((box) => box.key);
    const at = order.indexOf(/** @type {Region} */ (open[0]).key);
    this.store.transact(tn("Delete {n} region", "Delete {n} regions", open.length), (change) => {
      for (const region of open) {
        change.remove(region.key);
        // What hangs on the same region of a kind we do not edit goes with it.
        for (const other of [...this.store.regions.values()]) {
          if (other.kind === "kept" && other.id === region.id) change.remove(other.key);
        }
      }
    });
    if (open.length === 1 && this.stage.tool?.id === "select") {
      const rest = this.store.boxes();
      const next = rest[Math.min(at, rest.length - 1)];
      if (next && at >= 0) this.store.select([next.key]);
    }
    this.notes.announce(tn("{n} region deleted", "{n} regions deleted", open.length));
  }

  /** The required questions without an answer. @returns {Control[]} */
  missing() {
    return this.controls.filter((control) => {
      if (!control.required) return false;
      if (control.type === "Choices") return !this.#answer(control, false)?.labels.length;
      return !this.store.boxes().some((box) => box.control === control.name && !box.pending);
    });
  }

  // Inside

  /** @param {Box} box */
  #draw(box) {
    const armed = this.armed;
    if (!armed || !this.stage.editable) return;
    const id = uuid();
    this.store.transact(t("Draw {label}", { label: armed.label.value }), (change) =>
      change.add({
        ...box,
        kind: "box",
        key: id,
        id,
        control: armed.control.name,
        labels: [armed.label.value],
        pending: false,
        questioned: false,
        score: null,
        source: null,
        changed: true,
      }),
    );
    this.lastDrawn = id;
    this.store.select([id]);
  }

  #pen() {
    if (!this.armed || !this.stage.editable) return null;
    const { control, label } = this.armed;
    return { colour: this.stage.palette.of(control.name, label.value), text: label.value };
  }

  /** @param {Control} control @param {boolean} pending @returns {ChoiceAnswer|undefined} */
  #answer(control, pending) {
    for (const region of this.store.regions.values()) {
      if (region.kind === "choice" && region.control === control.name && region.pending === pending) return region;
    }
    return undefined;
  }

  /** @param {Control} control @param {Label} label */
  #isOn(control, label) {
    if (control.type === "Choices") return this.#answer(control, false)?.labels.includes(label.value) ?? false;
    return this.armed?.control.name === control.name && this.armed.label.value === label.value;
  }

  /** The selected regions that may be changed. */
  #changeable() {
    return this.store.selectedBoxes().filter((box) => !box.pending && !this.store.locked.has(box.key));
  }

  /** Labels get their own key from the schema, the others digits in order. */
  #giveKeys() {
    this.labelKeys = new Map();
    const used = new Set();
    const all = this.controls.flatMap((control) => control.labels.map((label) => ({ control, label })));
    for (const { control, label } of all) {
      const wish = label.hotkey?.trim().toLowerCase();
      const key = wish && /^\d$/.test(wish) ? `Digit${wish}` : wish;
      if (!key || used.has(key) || !/^(Digit\d|[a-z])$/.test(key)) continue;
      used.add(key);
      this.labelKeys.set(`${control.name}/${label.value}`, key);
    }
    const free = AUTOMATIC.filter((key) => !used.has(key));
    for (const { control, label } of all) {
      const name = `${control.name}/${label.value}`;
      const key = this.labelKeys.has(name) ? undefined : free.shift();
      if (key) this.labelKeys.set(name, key);
    }
  }

  /** @returns {Command[]} */
  #labelCommands() {
    return this.controls.flatMap((control) =>
      control.labels.map((label) => {
        const key = this.labelKeys.get(`${control.name}/${label.value}`);
        return {
          id: `label:${control.name}/${label.value}`,
          title: label.value,
          group: control.type === "Choices" ? control.name : t("Labels"),
          keys: key ? [key, ...(key.startsWith("Digit") ? [key.slice(5)] : [])].slice(0, 1) : [],
          when: () => this.stage.editable,
          run: () => this.useLabel(control, label),
        };
      }),
    );
  }

  /** @returns {Command[]} */
  #regionCommands() {
    const { store, stage } = this;
    const group = t("Regions");
    const edit = () => stage.editable;
    const some = () => store.selection.size > 0;
    const own = () => edit() && this.#changeable().length > 0;
    const pending = () => [...store.inOrder()].filter((region) => region.pending);
    const offered = () => pending().filter((region) => !region.questioned);
    const tools = t("Tools");
    const boxes = () => edit() && this.armed !== null;
    const toggle = (/** @type {Set<string>} */ set) => ![...store.selection].every((key) => set.has(key));
    return [
      { id: "tool.select", title: t("Select"), group: tools, keys: ["v"], icon: "select", active: () => stage.tool?.id === "select", run: () => this.#selectTool() },
      { id: "tool.box", title: t("Draw boxes"), group: tools, keys: ["b"], icon: "box", when: boxes, active: () => stage.tool?.id === "box", run: () => stage.use("box") },
      { id: "tool.pan", title: t("Pan"), group: tools, keys: ["h"], icon: "pan", active: () => stage.tool?.id === "pan", run: () => stage.use("pan") },
      { id: "box.middle", title: t("Put a box in the middle of the view"), group: tools, keys: ["Shift+b"], when: boxes, run: () => this.#boxInMiddle() },
      { id: "undo", title: t("Undo"), group, keys: ["Ctrl+z"], icon: "undo", repeat: true, when: () => edit() && store.history.done.length > 0, run: () => this.#undo() },
      { id: "redo", title: t("Redo"), group, keys: ["Ctrl+Shift+z", "Ctrl+y"], icon: "redo", repeat: true, when: () => edit() && store.history.undone.length > 0, run: () => this.#redo() },
      { id: "region.next", title: t("Next region"), group, keys: ["j"], repeat: true, run: () => this.list.step(1, false) },
      { id: "region.previous", title: t("Previous region"), group, keys: ["k"], repeat: true, run: () => this.list.step(-1, false) },
      { id: "region.below", title: t("The next one below the pointer"), group, keys: ["Alt+."], run: () => this.#below() },
      { id: "region.all", title: t("Select all"), group, keys: ["Ctrl+a"], run: () => store.select(store.boxes().map((box) => box.key)) },
      { id: "region.none", title: t("Select nothing, stop drawing"), group, keys: ["Escape"], run: () => this.#escape() },
      { id: "region.delete", title: t("Delete"), group, keys: ["Delete", "Backspace"], icon: "trash", when: () => edit() && some(), run: () => this.remove([...store.selection]) },
      { id: "region.accept", title: t("Take the selected pre-label"), group, keys: ["a"], icon: "check", when: () => edit() && (some() || pending().length > 0), run: () => this.#acceptNext() },
      { id: "region.acceptAll", title: t("Take all pre-labels"), group, keys: ["Shift+a"], icon: "checkAll", when: () => edit() && offered().length > 0, run: () => this.accept(offered().map((region) => region.key)) },
      { id: "region.copy", title: t("Copy"), group, keys: ["Ctrl+c"], when: some, run: () => this.#copy() },
      { id: "region.paste", title: t("Paste"), group, keys: ["Ctrl+v"], when: () => edit() && this.copied.length > 0, run: () => this.#paste() },
      { id: "region.duplicate", title: t("Duplicate"), group, keys: ["Ctrl+d"], when: () => edit() && some(), run: () => this.#add(store.selectedBoxes(), PASTE_ASIDE / stage.viewport.scale, t("Duplicate")) },
      { id: "region.hide", title: t("Hide or show"), group, keys: ["i"], icon: "eye", when: some, run: () => store.setHidden([...store.selection], toggle(store.hidden)) },
      { id: "region.hideOthers", title: t("Hide the others, or show all"), group, keys: ["Shift+i"], run: () => this.#hideOthers() },
      { id: "region.lock", title: t("Lock or unlock"), group, keys: ["l"], icon: "lock", when: () => edit() && some(), run: () => store.setLocked([...store.selection], toggle(store.locked)) },
      ...this.#nudges(own),
    ];
  }

  /** @param {() => boolean} when @returns {Command[]} */
  #nudges(when) {
    const group = t("Move and resize");
    const directions = /** @type {const} */ ([
      ["Left", -1, 0, t("left")],
      ["Right", 1, 0, t("right")],
      ["Up", 0, -1, t("up")],
      ["Down", 0, 1, t("down")],
    ]);
    return directions.flatMap(([name, dx, dy, word]) => [
      { id: `move.${name}`, title: t("Move {where}", { where: word }), group, keys: [`Arrow${name}`], repeat: true, when, run: () => this.#nudge(dx, dy) },
      { id: `moveFar.${name}`, title: t("Move {where} by ten", { where: word }), group, keys: [`Shift+Arrow${name}`], repeat: true, when, run: () => this.#nudge(dx * 10, dy * 10) },
      { id: `grow.${name}`, title: t("Move the far edge {where}", { where: word }), group, keys: [`Ctrl+Arrow${name}`], repeat: true, when, run: () => this.#grow(dx, dy) },
    ]);
  }

  /** @returns {Command[]} */
  #viewCommands() {
    const { stage } = this;
    const { viewport, scene } = stage;
    const group = t("View");
    const bright = (/** @type {number} */ by) => this.setBrightness(clamp(stage.brightness + by, 0.3, 3));
    return [
      { id: "zoom.in", title: t("Zoom in"), group, keys: ["+", "="], icon: "zoomIn", repeat: true, run: () => viewport.zoomAt(stage.focus, 1.25) },
      { id: "zoom.out", title: t("Zoom out"), group, keys: ["-"], icon: "zoomOut", repeat: true, run: () => viewport.zoomAt(stage.focus, 0.8) },
      { id: "zoom.fit", title: t("Fit the picture"), group, keys: ["f"], icon: "fit", run: () => viewport.fit() },
      { id: "zoom.region", title: t("Zoom to the selection, or to 100 %"), group, keys: ["z"], run: () => this.#zoomToSelection() },
      { id: "bright.more", title: t("Brighter"), group, keys: ["]"], repeat: true, run: () => bright(0.1) },
      { id: "bright.less", title: t("Darker"), group, keys: ["["], repeat: true, run: () => bright(-0.1) },
      { id: "bright.reset", title: t("Brightness as it is"), group, keys: ["\\"], icon: "sun", run: () => this.setBrightness(1) },
      { id: "names", title: t("Names on regions"), group, keys: ["n"], icon: "tag", active: () => scene.showNames, run: () => this.#toggle("showNames") },
      { id: "prelabels", title: t("Show pre-labels"), group, keys: ["p"], icon: "spark", active: () => scene.showPrelabels, run: () => this.#toggle("showPrelabels") },
      { id: "crosshair", title: t("Lines through the pointer"), group, keys: ["x"], active: () => stage.overlay.showCrosshair, run: () => this.#toggleCrosshair() },
      { id: "side", title: t("Labels and regions"), group, keys: ["Ctrl+b"], icon: "tag", active: () => this.root.classList.contains("is-side-open"), run: () => this.openSide(!this.root.classList.contains("is-side-open")) },
      { id: "help", title: t("Keys"), group, keys: ["?"], icon: "help", run: () => showHelp(this.keymap) },
    ];
  }

  /** @param {number} brightness */
  setBrightness(brightness) {
    const value = Math.round(brightness * 100) / 100;
    this.stage.setBrightness(value);
    const slider = this.root.querySelector("[data-brightness]");
    if (slider instanceof HTMLInputElement) slider.value = String(value);
  }

  /** @param {"showNames"|"showPrelabels"} what */
  #toggle(what) {
    this.stage.scene[what] = !this.stage.scene[what];
    this.stage.scene.regroup();
    this.refresh();
  }

  #toggleCrosshair() {
    const { overlay } = this.stage;
    overlay.showCrosshair = !overlay.showCrosshair;
    overlay.crosshair(null);
    this.refresh();
  }

  /** Where the page is narrow the side lies over the picture when it is wanted. @param {boolean} open */
  openSide(open) {
    this.root.classList.toggle("is-side-open", open);
    this.refresh();
  }

  #selectTool() {
    this.stage.use("select");
    if (!this.store.selection.size && this.lastDrawn && this.store.regions.has(this.lastDrawn)) {
      this.store.select([this.lastDrawn]);
    }
  }

  #undo() {
    const step = this.store.undo();
    if (step) this.notes.announce(t("Undone: {what}", { what: step.label }));
  }

  #redo() {
    const step = this.store.redo();
    if (!step) return;
    const made = step.patches.filter((patch) => !patch.before && patch.after?.kind === "box");
    if (made.length) this.store.select(made.map((patch) => patch.key));
    this.notes.announce(t("Done again: {what}", { what: step.label }));
  }

  #copy() {
    this.copied = this.store.selectedBoxes();
    this.pastes = 0;
    this.notes.announce(tn("{n} region copied", "{n} regions copied", this.copied.length));
  }

  /** Boxes as new regions of one's own: on the picture they were copied from a little aside, on another in place. */
  #paste() {
    const kinds = new Set(this.controls.flatMap((control) => control.labels.map((label) => `${control.name}/${label.value}`)));
    const boxes = this.copied.filter((box) => box.labels.every((label) => kinds.has(`${box.control}/${label}`)));
    const here = boxes.some((box) => this.store.regions.has(box.key));
    this.pastes += here ? 1 : 0;
    this.#add(boxes, (this.pastes * PASTE_ASIDE) / this.stage.viewport.scale, t("Paste {n}", { n: boxes.length }));
  }

  /** @param {readonly BoxRegion[]} boxes @param {number} aside image pixels to the right and down @param {string} label */
  #add(boxes, aside, label) {
    const made = boxes.map((box) => {
      const id = uuid();
      const at = move(box, aside, aside, this.stage.size);
      return { ...at, key: id, id, pending: false, questioned: false, score: null, source: null, changed: true };
    });
    this.store.transact(label, (change) => made.forEach((box) => change.add(box)));
    this.store.select(made.map((box) => box.key));
    this.notes.announce(tn("{n} region added", "{n} regions added", made.length));
  }

  #escape() {
    if (this.stage.cancel()) return;
    if (this.store.selection.size) this.store.select([]);
    else this.stage.use("select");
  }

  #below() {
    const point = this.stage.viewport.toImage(this.stage.focus);
    const region = nextAt(this.store, point, 3 / this.stage.viewport.scale);
    if (region) this.store.select([region.key]);
  }

  /** Take the selected pre-labels and go to the next one; with none selected, go to the first. Those in question are passed over. */
  #acceptNext() {
    const selected = [...this.store.selection].filter((key) => this.store.regions.get(key)?.pending);
    const order = this.store.boxes().filter((box) => box.pending && !box.questioned).map((box) => box.key);
    if (!selected.length) {
      const first = order[0];
      const answers = [...this.store.regions.values()].filter((region) => region.pending && !region.questioned);
      if (first) this.pick(first, false);
      else this.accept(answers.map((region) => region.key));
      return;
    }
    const after = order.indexOf(/** @type {string} */ (selected.at(-1)));
    const next = order.slice(after + 1).find((key) => !selected.includes(key)) ?? order.find((key) => !selected.includes(key));
    this.accept(selected);
    if (next) this.pick(next, false);
  }

  #hideOthers() {
    const { store } = this;
    if (store.hidden.size) return store.setHidden([...store.hidden], false);
    const others = store.boxes().map((box) => box.key).filter((key) => !store.selection.has(key));
    store.setHidden(others, true);
  }

  #zoomToSelection() {
    const boxes = this.store.selectedBoxes();
    if (!boxes.length) return this.stage.viewport.zoomTo(this.stage.focus, 1);
    const edges = boxes.map(bounds);
    this.stage.viewport.show({
      left: Math.min(...edges.map((edge) => edge.left)),
      top: Math.min(...edges.map((edge) => edge.top)),
      right: Math.max(...edges.map((edge) => edge.right)),
      bottom: Math.max(...edges.map((edge) => edge.bottom)),
    });
  }

  /** @param {number} dx @param {number} dy */
  #nudge(dx, dy) {
    const boxes = this.#changeable();
    this.store.transact(
      t("Move"),
      (change) => boxes.forEach((box) => change.replace({ ...move(box, dx, dy, this.stage.size), changed: true })),
      { merge: `nudge ${boxes.map((box) => box.key).join()}` },
    );
  }

  /** @param {number} dx @param {number} dy */
  #grow(dx, dy) {
    const boxes = this.#changeable();
    const grown = (/** @type {BoxRegion} */ box) => {
      const to = bounds({ ...box, rotation: 0 });
      const turned = { x: to.right + dx, y: to.bottom + dy };
      return { ...resize({ ...box, rotation: 0 }, "se", turned, this.stage.size), rotation: box.rotation, changed: true };
    };
    this.store.transact(t("Resize"), (change) => boxes.forEach((box) => change.replace(grown(box))), {
      merge: `grow ${boxes.map((box) => box.key).join()}`,
    });
  }

  #boxInMiddle() {
    const view = this.stage.viewport.window;
    const { width, height } = this.stage.size;
    const left = Math.max(0, view.left);
    const top = Math.max(0, view.top);
    const across = Math.min(width, view.right) - left;
    const down = Math.min(height, view.bottom) - top;
    if (across <= 0 || down <= 0) return;
    this.#draw({ x: left + across * 0.4, y: top + down * 0.4, width: across * 0.2, height: down * 0.2, rotation: 0 });
  }

  #listen() {
    const refresh = () => this.refresh();
    const recount = () => {
      this.recount = true;
      this.refresh();
    };
    for (const event of ["load", "change"]) this.store.addEventListener(event, recount);
    for (const event of ["select", "show"]) this.store.addEventListener(event, refresh);
    this.stage.addEventListener("tool", refresh);
    const zoom = find("[data-zoom]", this.root);
    this.stage.viewport.addEventListener("change", () => {
      const words = `${Math.round(this.stage.viewport.scale * 100)} %`;
      if (zoom.textContent !== words) zoom.textContent = words;
    });
    addEventListener("keydown", (event) => this.#keydown(event), { capture: true });
    addEventListener("keyup", (event) => {
      if (event.key === " " || event.code === "Space") this.stage.lend(null);
      if (event.key === "Alt" && this.stage.lent?.id === "select") this.stage.lend(null);
    });
    addEventListener("blur", () => this.stage.lend(null));
    const slider = this.root.querySelector("[data-brightness]");
    slider?.addEventListener("input", () => this.setBrightness(Number(/** @type {HTMLInputElement} */ (slider).value)));
    this.root.addEventListener("click", (event) => {
      // After a press with the mouse the keys belong to the picture again, so that Enter submits.
      const pressed = event.target instanceof Element && event.target.closest("summary, a, input:not([type=search])");
      if (pressed && event.detail > 0) this.stage.root.focus({ preventScroll: true });
    });
    const recolour = () => {
      this.stage.palette.read();
      this.stage.palette.setControls(this.controls);
      this.stage.scene.invalidate(true);
      this.store.dispatchEvent(new Event("show"));
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  }

  /** @param {KeyboardEvent} event */
  #keydown(event) {
    if (document.querySelector("dialog[open]")) return;
    if (event.code === "Space" && !isTyping(event.target) && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      if (!event.repeat) this.stage.lend("pan");
      return;
    }
    if (event.key === "Alt" && this.stage.tool?.id === "box" && !event.repeat) this.stage.lend("select");
    const inList = event.target instanceof HTMLElement && event.target.closest("[data-region-list]") !== null;
    if (inList && ["ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"].includes(event.key)) return;
    if (this.keymap.handle(event)) event.stopPropagation();
  }
}

/** @param {Reason|null} reason @returns {Box|null} */
function placeOf(reason) {
  if (!reason?.box) return null;
  const [left, top, right, bottom] = reason.box;
  return { x: left, y: top, width: right - left, height: bottom - top, rotation: 0 };
}
