// @ts-check
/** What both pages share: the stage with its tools, the palettes and the list, and the commands on regions. */

import { isTyping } from "../lode/keyboard.js";
import { uuid } from "../lode/uuid.js";
import { gettext, ngettext } from "../lode/words.js";
import { clamp, union } from "../lode/canvas/geometry.js";
import { SHAPES, asks, boundsOf, isKept, isShape, kindFor, kindOf, shapeFor, shapeOf } from "./kinds/index.js";
import { Keymap } from "./keymap.js";
import { taken } from "./model/convert.js";
import { Store } from "./model/store.js";
import { Stage } from "./stage.js";
import { panTool } from "./tools/pan.js";
import { selectTool } from "./tools/select.js";
import { bindButtons } from "./ui/buttons.js";
import { find, h } from "./ui/dom.js";
import { showHelp } from "./ui/help.js";
import { LabelPanels } from "./ui/labels.js";
import { Notes } from "./ui/notes.js";
import { RegionList } from "./ui/regions.js";
import { nextAt } from "./view/hit.js";

/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./kinds/index.js").Shape<any>} Shape */
/** @typedef {import("./model/types.js").Bounds} Bounds */
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
    /** What Ctrl+C took, for this picture and the next ones. @type {readonly Region[]} */
    this.copied = [];
    this.pastes = 0;

    this.stage.addTool(selectTool(this.stage));
    for (const kind of SHAPES) {
      this.stage.addTool(kind.tool(this.stage, () => this.#ink(kind), (geometry) => this.#draw(kind, geometry)));
    }
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
    const tools = SHAPES.map((kind) => h("button", { type: "button", "data-command": `tool.${kind.name}` }));
    find('[data-command="tool.select"]', this.root).after(...tools);
    this.refreshButtons = bindButtons(this.root, this.keymap);
    this.refresh();
  }

  /** Take up a task's schema. @param {readonly Control[]} controls */
  setControls(controls) {
    this.controls = controls;
    this.stage.palette.setControls(controls);
    const first = controls.find(shapeFor);
    const kept = this.armed && controls.find((control) => control.name === this.armed?.control.name);
    const label = kept?.labels.find((one) => one.value === this.armed?.label.value) ?? first?.labels[0];
    const control = kept ?? first;
    this.armed = control && label ? { control, label } : null;
    this.#giveKeys();
    this.setCommands();
    this.panels.set(controls);
    this.recount = true;
    this.stage.cancel();
    if (this.stage.tool?.draws) this.draw();
    this.refresh();
  }

  /** Take the tool for the label in hand; with none in hand, the one that selects. */
  draw() {
    const kind = this.armed && shapeFor(this.armed.control);
    this.stage.use(kind ? kind.name : "select");
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
      this.stage.viewport.show(place);
      this.stage.overlay.point(place);
      this.notes.announce(reason?.text ?? "");
    } else if (reason?.failure_url) {
      open(reason.failure_url, "_blank", "noopener");
    } else {
      this.notes.say(gettext("No failure caused this task."));
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
    if (region && isShape(region)) this.stage.viewport.reveal(boundsOf(region));
  }

  /** A label was chosen: the selected regions get it, a box just drawn too; else it is taken in hand. @param {Control} control @param {Label} label */
  useLabel(control, label) {
    if (asks(control)) return this.answer(control, label.value);
    this.armed = { control, label };
    const selected = this.#changeable().filter((region) => kindOf(region) === kindFor(control));
    if (selected.length && this.stage.editable) {
      this.store.transact(gettext("Relabel"), (change) => {
        for (const region of selected) {
          const same = region.control === control.name && region.labels.length === 1 && region.labels[0] === label.value;
          if (!same) change.replace({ ...region, control: control.name, labels: [label.value], changed: true });
        }
      });
      if (this.stage.tool?.draws) this.#hintOnce();
    } else if (this.stage.editable) {
      this.draw();
    }
    this.notes.announce(label.value);
    this.refresh();
  }

  /** Once a session: that a key pressed after drawing speaks of the box just drawn. */
  #hintOnce() {
    if (this.hinted) return;
    this.hinted = true;
    this.notes.say(gettext("The region just drawn has this label now. Press Esc first to choose a label for the next one."));
  }

  /** Answer a question about the whole item. @param {Control} control @param {string} value */
  answer(control, value) {
    const kind = kindFor(control);
    if (!this.stage.editable || !kind || kind.drawn) return;
    const before = this.#answer(control, false);
    const labels = kind.answered(control, before?.labels ?? [], value);
    this.store.transact(gettext("Answer {name}", { name: control.name }), (change) => {
      if (before) return change.replace({ ...before, labels, changed: true });
      const id = uuid();
      const shared = { key: id, id, control: control.name, labels, pending: false, questioned: false, score: null, source: null };
      change.add({ ...shared, kind: kind.name, changed: true });
    });
    this.notes.announce(labels.join(", ") || gettext("no answer"));
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
        const control = isShape(region) ? undefined : this.controls.find((one) => one.name === region.control);
        const replaced = control && this.#answer(control, false);
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

  /** Delete regions, or put pre-labels aside. @param {Iterable<string>} keys */
  remove(keys) {
    const regions = [...keys].map((key) => this.store.regions.get(key)).filter((region) => region !== undefined);
    const open = regions.filter((region) => !this.store.locked.has(region.key));
    const kept = regions.length - open.length;
    if (kept) this.notes.say(ngettext("{n} locked region kept.", "{n} locked regions kept.", kept));
    if (!open.length) return;
    const order = this.store.shapes().map((shape) => shape.key);
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
      const rest = this.store.shapes();
      const next = rest[Math.min(at, rest.length - 1)];
      if (next && at >= 0) this.store.select([next.key]);
    }
    this.notes.announce(ngettext("{n} region deleted", "{n} regions deleted", open.length));
  }

  /** The required questions without an answer. @returns {Control[]} */
  missing() {
    return this.controls.filter((control) => {
      if (!control.required) return false;
      if (asks(control)) return !this.#answer(control, false)?.labels.length;
      return !this.store.shapes().some((shape) => shape.control === control.name && !shape.pending);
    });
  }

  // Inside

  /** @param {Shape} kind @param {object} geometry */
  #draw(kind, geometry) {
    const armed = this.#armedFor(kind);
    if (!armed || !this.stage.editable) return;
    const id = uuid();
    this.store.transact(gettext("Draw {label}", { label: armed.label.value }), (change) =>
      change.add({
        ...geometry,
        kind: kind.name,
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

  /** The label in hand, where a shape of this kind can have it. @param {Shape} kind */
  #armedFor(kind) {
    return this.armed && shapeFor(this.armed.control) === kind ? this.armed : null;
  }

  /** Take a label of this kind in hand, if none is, and the tool that draws it. @param {Shape} kind */
  #arm(kind) {
    const control = this.controls.find((one) => shapeFor(one) === kind);
    const label = control?.labels[0];
    if (!this.#armedFor(kind) && control && label) this.armed = { control, label };
    this.draw();
    this.refresh();
  }

  /** @param {Shape} kind */
  #ink(kind) {
    const armed = this.#armedFor(kind);
    if (!armed || !this.stage.editable) return null;
    const { control, label } = armed;
    return { colour: this.stage.palette.of(control.name, label.value), text: label.value };
  }

  /** @param {Control} control @param {boolean} pending @returns {Region|undefined} */
  #answer(control, pending) {
    for (const region of this.store.regions.values()) {
      if (region.control === control.name && region.pending === pending && kindOf(region) === kindFor(control)) return region;
    }
    return undefined;
  }

  /** @param {Control} control @param {Label} label */
  #isOn(control, label) {
    if (asks(control)) return this.#answer(control, false)?.labels.includes(label.value) ?? false;
    return this.armed?.control.name === control.name && this.armed.label.value === label.value;
  }

  /** The selected regions that may be changed. */
  #changeable() {
    return this.store.selectedShapes().filter((one) => !one.pending && !this.store.locked.has(one.key));
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
          group: asks(control) ? control.name : gettext("Labels"),
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
    const group = gettext("Regions");
    const edit = () => stage.editable;
    const some = () => store.selection.size > 0;
    const own = () => edit() && this.#changeable().length > 0;
    const pending = () => [...store.inOrder()].filter((region) => region.pending);
    const offered = () => pending().filter((region) => !region.questioned);
    const tools = gettext("Tools");
    const toggle = (/** @type {Set<string>} */ set) => ![...store.selection].every((key) => set.has(key));
    return [
      { id: "tool.select", title: gettext("Select"), group: tools, keys: ["v"], icon: "select", active: () => stage.tool?.id === "select", run: () => this.#selectTool() },
      ...this.#drawingCommands(tools),
      { id: "tool.pan", title: gettext("Pan"), group: tools, keys: ["h"], icon: "pan", active: () => stage.tool?.id === "pan", run: () => stage.use("pan") },
      { id: "undo", title: gettext("Undo"), group, keys: ["Ctrl+z"], icon: "undo", repeat: true, when: () => edit() && store.history.done.length > 0, run: () => this.#undo() },
      { id: "redo", title: gettext("Redo"), group, keys: ["Ctrl+Shift+z", "Ctrl+y"], icon: "redo", repeat: true, when: () => edit() && store.history.undone.length > 0, run: () => this.#redo() },
      { id: "region.next", title: gettext("Next region"), group, keys: ["j"], repeat: true, run: () => this.list.step(1, false) },
      { id: "region.previous", title: gettext("Previous region"), group, keys: ["k"], repeat: true, run: () => this.list.step(-1, false) },
      { id: "region.below", title: gettext("Next region under the pointer"), group, keys: ["Alt+."], run: () => this.#below() },
      { id: "region.all", title: gettext("Select all"), group, keys: ["Ctrl+a"], run: () => store.select(store.shapes().map((shape) => shape.key)) },
      { id: "region.none", title: gettext("Clear the selection, stop drawing"), group, keys: ["Escape"], run: () => this.#escape() },
      { id: "region.delete", title: gettext("Delete"), group, keys: ["Delete", "Backspace"], icon: "trash", when: () => edit() && some(), run: () => this.remove([...store.selection]) },
      { id: "region.accept", title: gettext("Accept the selected pre-label"), group, keys: ["a"], icon: "check", when: () => edit() && (some() || pending().length > 0), run: () => this.#acceptNext() },
      { id: "region.acceptAll", title: gettext("Accept all pre-labels"), group, keys: ["Shift+a"], icon: "checkAll", when: () => edit() && offered().length > 0, run: () => this.accept(offered().map((region) => region.key)) },
      { id: "region.copy", title: gettext("Copy"), group, keys: ["Ctrl+c"], when: some, run: () => this.#copy() },
      { id: "region.paste", title: gettext("Paste"), group, keys: ["Ctrl+v"], when: () => edit() && this.copied.length > 0, run: () => this.#paste() },
      { id: "region.duplicate", title: gettext("Duplicate"), group, keys: ["Ctrl+d"], when: () => edit() && some(), run: () => this.#add(store.selectedShapes(), PASTE_ASIDE / stage.viewport.scale, gettext("Duplicate")) },
      { id: "region.hide", title: gettext("Hide or show"), group, keys: ["i"], icon: "eye", when: some, run: () => store.setHidden([...store.selection], toggle(store.hidden)) },
      { id: "region.hideOthers", title: gettext("Hide or show the other regions"), group, keys: ["Shift+i"], run: () => this.#hideOthers() },
      { id: "region.lock", title: gettext("Lock or unlock"), group, keys: ["l"], icon: "lock", when: () => edit() && some(), run: () => store.setLocked([...store.selection], toggle(store.locked)) },
      ...this.#nudges(own),
    ];
  }

  /** Those of the kinds that the schema asks for; with none asked for, of the first, so that its button has its place. @param {string} group @returns {Command[]} */
  #drawingCommands(group) {
    const { stage } = this;
    const asked = SHAPES.filter((kind) => this.controls.some((control) => shapeFor(control) === kind));
    return (asked.length ? asked : SHAPES.slice(0, 1)).flatMap((kind) => {
      const { name, key, icon } = kind;
      const titles = kind.titles();
      const when = () => stage.editable && asked.length > 0;
      return [
        { id: `tool.${name}`, title: titles.draw, group, keys: [key], icon, when, active: () => stage.tool?.id === name, run: () => this.#arm(kind) },
        { id: `${name}.middle`, title: titles.place, group, keys: [`Shift+${key}`], when, run: () => this.#placeInMiddle(kind) },
      ];
    });
  }

  /** @param {() => boolean} when @returns {Command[]} */
  #nudges(when) {
    const group = gettext("Move and resize");
    const directions = /** @type {const} */ ([
      ["Left", -1, 0, gettext("left")],
      ["Right", 1, 0, gettext("right")],
      ["Up", 0, -1, gettext("up")],
      ["Down", 0, 1, gettext("down")],
    ]);
    return directions.flatMap(([name, dx, dy, word]) => [
      { id: `move.${name}`, title: gettext("Move {where}", { where: word }), group, keys: [`Arrow${name}`], repeat: true, when, run: () => this.#nudge(dx, dy) },
      { id: `moveFar.${name}`, title: gettext("Move {where} by ten", { where: word }), group, keys: [`Shift+Arrow${name}`], repeat: true, when, run: () => this.#nudge(dx * 10, dy * 10) },
      { id: `grow.${name}`, title: gettext("Move the far edge {where}", { where: word }), group, keys: [`Ctrl+Arrow${name}`], repeat: true, when, run: () => this.#grow(dx, dy) },
    ]);
  }

  /** @returns {Command[]} */
  #viewCommands() {
    const { stage } = this;
    const { viewport, scene } = stage;
    const group = gettext("View");
    const bright = (/** @type {number} */ by) => this.setBrightness(clamp(stage.brightness + by, 0.3, 3));
    return [
      { id: "zoom.in", title: gettext("Zoom in"), group, keys: ["+", "="], icon: "zoomIn", repeat: true, run: () => viewport.zoomAt(stage.focus, 1.25) },
      { id: "zoom.out", title: gettext("Zoom out"), group, keys: ["-"], icon: "zoomOut", repeat: true, run: () => viewport.zoomAt(stage.focus, 0.8) },
      { id: "zoom.fit", title: gettext("Fit the image"), group, keys: ["f"], icon: "fit", run: () => viewport.fit() },
      { id: "zoom.region", title: gettext("Zoom to the selection, or to 100 %"), group, keys: ["z"], run: () => this.#zoomToSelection() },
      { id: "bright.more", title: gettext("Brighter"), group, keys: ["]"], repeat: true, run: () => bright(0.1) },
      { id: "bright.less", title: gettext("Darker"), group, keys: ["["], repeat: true, run: () => bright(-0.1) },
      { id: "bright.reset", title: gettext("Reset brightness"), group, keys: ["\\"], icon: "sun", run: () => this.setBrightness(1) },
      { id: "names", title: gettext("Show labels"), group, keys: ["n"], icon: "tag", active: () => scene.showNames, run: () => this.#toggle("showNames") },
      { id: "prelabels", title: gettext("Show pre-labels"), group, keys: ["p"], icon: "spark", active: () => scene.showPrelabels, run: () => this.#toggle("showPrelabels") },
      { id: "crosshair", title: gettext("Show crosshair"), group, keys: ["x"], active: () => stage.overlay.showCrosshair, run: () => this.#toggleCrosshair() },
      { id: "side", title: gettext("Labels and regions"), group, keys: ["Ctrl+b"], icon: "tag", active: () => this.root.classList.contains("is-side-open"), run: () => this.openSide(!this.root.classList.contains("is-side-open")) },
      { id: "help", title: gettext("Keyboard shortcuts"), group, keys: ["?"], icon: "help", run: () => showHelp(this.keymap) },
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
    if (step) this.notes.announce(gettext("Undone: {what}", { what: step.label }));
  }

  #redo() {
    const step = this.store.redo();
    if (!step) return;
    const made = step.patches.filter((patch) => !patch.before && isShape(patch.after));
    if (made.length) this.store.select(made.map((patch) => patch.key));
    this.notes.announce(gettext("Redone: {what}", { what: step.label }));
  }

  #copy() {
    this.copied = this.store.selectedShapes();
    this.pastes = 0;
    this.notes.announce(ngettext("{n} region copied", "{n} regions copied", this.copied.length));
  }

  /** Shapes as new regions of one's own: on the picture they were copied from a little aside, on another in place. */
  #paste() {
    const labels = new Set(this.controls.flatMap((control) => control.labels.map((label) => `${control.name}/${label.value}`)));
    const shapes = this.copied.filter((shape) => shape.labels.every((label) => labels.has(`${shape.control}/${label}`)));
    const here = shapes.some((shape) => this.store.regions.has(shape.key));
    this.pastes += here ? 1 : 0;
    this.#add(shapes, (this.pastes * PASTE_ASIDE) / this.stage.viewport.scale, gettext("Paste {n}", { n: shapes.length }));
  }

  /** @param {readonly Region[]} shapes @param {number} aside image pixels to the right and down @param {string} label */
  #add(shapes, aside, label) {
    const made = shapes.map((shape) => {
      const id = uuid();
      const at = shapeOf(shape).move(shape, aside, aside, this.stage.size);
      return { ...at, key: id, id, pending: false, questioned: false, score: null, source: null, changed: true };
    });
    this.store.transact(label, (change) => made.forEach((shape) => change.add(shape)));
    this.store.select(made.map((shape) => shape.key));
    this.notes.announce(ngettext("{n} region added", "{n} regions added", made.length));
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
    const order = this.store.shapes().filter((one) => one.pending && !one.questioned).map((one) => one.key);
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
    const others = store.shapes().map((shape) => shape.key).filter((key) => !store.selection.has(key));
    store.setHidden(others, true);
  }

  #zoomToSelection() {
    const shapes = this.store.selectedShapes();
    if (!shapes.length) return this.stage.viewport.zoomTo(this.stage.focus, 1);
    this.stage.viewport.show(union(shapes.map(boundsOf)));
  }

  /** @param {number} dx @param {number} dy */
  #nudge(dx, dy) {
    const { size } = this.stage;
    this.#change(gettext("Move"), "nudge", this.#changeable(), (region) => shapeOf(region).move(region, dx, dy, size));
  }

  /** @param {number} dx @param {number} dy */
  #grow(dx, dy) {
    const { size } = this.stage;
    const able = this.#changeable().filter((region) => shapeOf(region).grow);
    this.#change(gettext("Resize"), "grow", able, (region) => shapeOf(region).grow?.(region, dx, dy, size) ?? region);
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

  /** @param {Shape} kind */
  #placeInMiddle(kind) {
    const view = this.stage.viewport.window;
    const { width, height } = this.stage.size;
    const left = Math.max(0, view.left);
    const top = Math.max(0, view.top);
    const across = Math.min(width, view.right) - left;
    const down = Math.min(height, view.bottom) - top;
    if (across <= 0 || down <= 0) return;
    const part = { left: left + across * 0.4, top: top + down * 0.4, right: left + across * 0.6, bottom: top + down * 0.6 };
    if (!this.#armedFor(kind)) this.#arm(kind);
    this.#draw(kind, kind.place(part));
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
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
    if (plain && !(event.target instanceof HTMLButtonElement) && this.stage.current?.key?.(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Alt" && this.stage.tool?.draws && !event.repeat) this.stage.lend("select");
    const inList = event.target instanceof HTMLElement && event.target.closest("[data-region-list]") !== null;
    if (inList && ["ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"].includes(event.key)) return;
    if (this.keymap.handle(event)) event.stopPropagation();
  }
}

/** @param {Reason|null} reason @returns {Bounds|null} */
function placeOf(reason) {
  if (!reason?.box) return null;
  const [left, top, right, bottom] = reason.box;
  return { left, top, right, bottom };
}
