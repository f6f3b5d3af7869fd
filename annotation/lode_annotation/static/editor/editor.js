// @ts-check
/** What both pages share: the stage with its tools, the palettes and the list. */

import { isTyping } from "../lode/keyboard.js";
import { mediumNamed } from "../lode/media/index.js";
import { uuid } from "../lode/uuid.js";
import { gettext, ngettext } from "../lode/words.js";
import { Beside } from "./beside.js";
import { Carrier } from "./carry.js";
import { labelCommands, regionCommands, viewCommands } from "./commands.js";
import { SHAPES, answerFor, boundsOf, hasButtons, isShape, kindFor, kindOf, shapeFor, shapeOf, toolsOf } from "./kinds/index.js";
import { Keymap } from "./keymap.js";
import { labelKeysOf } from "./label_keys.js";
import { applied } from "./own_keys.js";
import { withPresets } from "./model/answers.js";
import { Store } from "./model/store.js";
import { Pages } from "./pages.js";
import { Questions } from "./questions.js";
import { RegionActs } from "./region_acts.js";
import { Relations } from "./relations.js";
import { Stage } from "./stage.js";
import { panTool } from "./tools/pan.js";
import { SelectTool } from "./tools/select.js";
import { bindButtons } from "./ui/buttons.js";
import { find, h } from "../lode/dom.js";
import { Guidance } from "./ui/guidance.js";
import { RegionFilter } from "./ui/filter.js";
import { Notes } from "./ui/notes.js";
import { Prelabels } from "./ui/prelabels.js";
import { RegionList } from "./ui/regions.js";
import { RelationPanel } from "./ui/relations.js";
import { focusItem } from "./view/item.js";
import { Levels } from "./view/levels.js";

/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./kinds/index.js").Shape<any>} Shape */
/** @typedef {import("./model/types.js").Bounds} Bounds */
/** @typedef {import("./model/types.js").Control} Control */
/** @typedef {import("./model/types.js").Label} Label */
/** @typedef {import("./model/types.js").Reason} Reason */
/** @typedef {import("./own_keys.js").OwnKeys} OwnKeys */
/** @typedef {import("./model/types.js").Region} Region */

/** What the keys of a field are, where it is not one to type in. */
const FIELD_KEYS = /^(\d|Arrow\w+|Home|End|Enter| |Delete|Backspace)$/;

export class Editor {
  /** @param {HTMLElement} root the page @param {OwnKeys} ownKeys */
  constructor(root, ownKeys) {
    this.root = root;
    this.ownKeys = ownKeys;
    /** The table with its default keys. @type {Command[]} */
    this.commands = [];
    this.store = new Store();
    /** That of the item at hand. */
    this.medium = mediumNamed();
    this.keymap = new Keymap();
    this.stage = new Stage(find("[data-stage]", root), this.store);
    this.notes = new Notes(find("[data-notes]", root), find("[data-live]", root));
    /** @type {readonly Control[]} */
    this.controls = [];
    /** What reads and marks texts, once one was shown. @type {import("./text/index.js").Texts|null} */
    this.texts = null;
    /** Whether spans of the text at hand are asked for. */
    this.marking = false;
    /** The label in hand for drawing. @type {{control: Control, label: Label}|null} */
    this.armed = null;
    /** @type {Map<string, string>} */
    this.labelKeys = new Map();
    /** The page's own commands. @type {() => Command[]} */
    this.more = () => [];
    /** @type {string|null} */
    this.lastDrawn = null;
    this.acts = new RegionActs(this);
    this.levels = new Levels(this);
    this.carrier = new Carrier(this);
    this.pages = new Pages(this);
    this.beside = new Beside(this);

    this.stage.addTool(new SelectTool(this.stage));
    for (const kind of SHAPES) {
      for (const { tool } of toolsOf(kind)) {
        this.stage.addTool(tool(this.stage, () => this.#ink(kind), (geometry) => this.add(kind, [geometry])));
      }
    }
    this.stage.addTool(panTool(this.stage));
    this.relations = new Relations(this);
    this.list = new RegionList(find("[data-region-list]", root), this.store, this.stage, {
      accept: (key) => this.acts.accept([key]),
      remove: (key) => this.acts.remove([key]),
      pick: (key, extend) => this.pick(key, extend),
      press: (key, extend) => this.relations.take(key) || this.pick(key, extend),
      linked: (region) => this.relations.wordsOf(region),
      elsewhere: (n) => (this.pages.beside ? ngettext("{n} on other pictures", "{n} on other pictures", n) : ngettext("{n} on other pages", "{n} on other pages", n)),
    });
    this.relationPanel = new RelationPanel(find("[data-relations]", root), this);
    this.guidance = new Guidance(this);
    this.questions = new Questions(this);
    this.prelabels = new Prelabels(find("[data-prelabels]", root), this.store, ownKeys.scope);
    this.filter = new RegionFilter(find("[data-filter]", root), this.store, {
      leave: () => focusItem(this),
      first: () => this.list.step(-Infinity, false),
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
    const ids = SHAPES.flatMap((kind) => toolsOf(kind).map(({ id }) => id));
    const tools = ids.map((id) => h("button", { type: "button", "data-command": `tool.${id}` }));
    find('[data-command="tool.select"]', this.root).after(...tools);
    this.refreshButtons = bindButtons(this.root, this.keymap);
    this.refresh();
  }

  /** Take up a task's schema. @param {readonly Control[]} controls @param {string} [medium] of its item */
  setControls(controls, medium) {
    this.relations.set(controls);
    this.controls = controls.filter((one) => one !== this.relations.control);
    this.medium = mediumNamed(medium);
    this.marking = !this.medium.isPicture && controls.some((one) => shapeFor(one)?.inText);
    this.stage.scene.resting = !this.medium.isPicture;
    this.root.classList.toggle("is-document", !this.medium.isPicture);
    this.root.classList.toggle("has-spans", this.marking);
    this.stage.palette.setControls(controls);
    const kept = controls.find((one) => shapeFor(one) && one.name === this.armed?.control.name);
    const control = kept ?? controls.find(shapeFor);
    const label = control?.labels.find((one) => one.value === this.armed?.label.value) ?? control?.labels[0];
    this.armed = control && label ? { control, label } : null;
    this.labelKeys = labelKeysOf(controls.filter(hasButtons));
    this.setCommands();
    this.questions.set(this.controls);
    this.filter.setControls(controls);
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
    const all = [...labelCommands(this), ...this.more(), ...regionCommands(this), ...viewCommands(this)];
    this.commands = (this.medium.isPicture ? null : this.texts?.commands(all)) ?? all;
    this.keymap.set(applied(this.commands, this.ownKeys.choice));
  }

  /** Take up other keys, and keep them. @param {import("./own_keys.js").Choice} choice */
  setKeys(choice) {
    this.ownKeys.keep(choice);
    this.setCommands();
    this.refresh();
  }

  /** Bring buttons, palettes and counts up to date, once a frame. */
  refresh() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.questions.refresh();
      this.relationPanel.refresh();
      this.beside.refresh();
      this.refreshButtons();
      if (this.recount) {
        this.recount = false;
        this.questions.panels.count(this.store.shapes());
        this.prelabels.refresh();
        const summary = find("[data-region-summary]", this.root);
        summary.textContent = summary.title = this.list.summary;
      }
      this.root.dataset.tool = this.stage.tool?.id ?? "";
      this.root.classList.toggle("is-drawing", this.stage.tool?.draws === true);
    });
  }

  // Why the task is asked

  /** Outline the failure that caused the task. @param {Reason|null} reason */
  pointAtCause(reason) {
    this.stage.overlay.point((reason?.page ?? 0) === this.pages.at ? placeOf(reason) : null);
  }

  /** Go to the failure that caused the task; where its place is not known, its page; where none did, say so. @param {Reason|null} reason */
  showCause(reason) {
    const place = placeOf(reason);
    if (place && !this.medium.isPicture) {
      this.texts?.document.reveal({ start: place.left, end: place.right });
      this.notes.announce(reason?.text ?? "");
    } else if (place) {
      void this.pages.go(reason?.page ?? 0);
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
    if (region && isShape(region) && !this.store.isHere(region)) void this.pages.go(this.pages.of(region));
    if (!region || !isShape(region)) return;
    if (shapeOf(region).inText) this.texts?.document.reveal(/** @type {import("./kinds/span.js").SpanRegion} */ (region));
    else this.stage.viewport.reveal(boundsOf(region));
  }

  /** A label was chosen: the selected regions get it, a box just drawn too; else it is taken in hand. @param {Control} control @param {Label} label */
  useLabel(control, label) {
    const kind = answerFor(control);
    if (kind) return this.questions.say(control, (had) => kind.picked?.(control, had, label.value) ?? had);
    this.guidance.follow(label);
    this.armed = { control, label };
    if (this.texts?.document.mark()) return this.refresh();
    if (!this.pages.takes(control)) void this.pages.go(control.page ?? 0);
    const fits = (/** @type {Region} */ region) => kindOf(region) === kindFor(control) && this.pages.takes(control);
    const selected = this.acts.changeable().filter(fits);
    if (selected.length && this.stage.editable) {
      this.store.transact(gettext("Relabel"), (change) => {
        for (const region of selected) {
          const same = region.control === control.name && region.labels.length === 1 && region.labels[0] === label.value;
          const shape = shapeOf(region);
          const made = same ? null : shape.relabel ? shape.relabel(region, control, label.value) : region;
          if (made) change.replace({ ...made, control: control.name, labels: [label.value], changed: true });
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

  // Inside

  /** Draw regions as one step, with the label in hand or another. @param {Shape} kind @param {readonly object[]} geometries @param {{control: Control, label: Label}|null} [armed] */
  add(kind, geometries, armed = this.#armedFor(kind)) {
    if (!armed || !this.stage.editable) return;
    const made = geometries.map((geometry) => withPresets({
      ...geometry,
      kind: kind.name,
      ...newId(),
      control: armed.control.name,
      labels: [armed.label.value],
      pending: false,
      questioned: false,
      score: null,
      source: null,
      changed: true,
      frame: this.pages.at,
    }, this.controls));
    this.store.transact(gettext("Draw {label}", { label: armed.label.value }), (change) => made.forEach((region) => change.add(region)));
    this.lastDrawn = made.at(-1)?.key ?? null;
    this.store.select(made.map(({ key }) => key));
  }

  /** The label in hand, where a shape of this kind can have it. @param {Shape} kind */
  #armedFor(kind) {
    return this.armed && shapeFor(this.armed.control) === kind && this.pages.takes(this.armed.control) ? this.armed : null;
  }

  /** Take a label of this kind in hand, if none is, and a tool of it, that which draws by default. @param {Shape} kind @param {string} [tool] */
  arm(kind, tool) {
    const control = this.controls.find((one) => shapeFor(one) === kind && this.pages.takes(one));
    const label = control?.labels[0];
    if (!this.#armedFor(kind) && control && label) this.armed = { control, label };
    if (tool) this.stage.use(tool);
    else this.draw();
    this.refresh();
  }

  /** @param {Shape} kind */
  #ink(kind) {
    const armed = this.#armedFor(kind);
    if (!armed || !this.stage.editable) return null;
    const { control, label } = armed;
    return { colour: this.stage.palette.of(control.name, label.value), text: label.value, control: control.name, asks: control.options?.classes?.[label.value] };
  }

  /** Whether a label is in hand, or is answered. @param {Control} control @param {Label} label */
  isOn(control, label) {
    if (answerFor(control)) return this.questions.said(control).said?.includes(label.value) ?? false;
    return this.armed?.control.name === control.name && this.armed.label.value === label.value;
  }

  /** @param {"brightness"|"contrast"} name @param {number} share 1 is as it is */
  setLight(name, share) {
    const value = Math.round(share * 100) / 100;
    this.stage.setLight(name, value);
    const slider = this.root.querySelector(`[data-light="${name}"]`);
    if (slider instanceof HTMLInputElement) slider.value = String(value);
  }

  /** Where the page is narrow the side lies over the picture when it is wanted. @param {boolean} open */
  openSide(open) {
    this.root.classList.toggle("is-side-open", open);
    this.refresh();
  }

  takeSelect() {
    this.stage.use("select");
    if (!this.store.selection.size && this.lastDrawn && this.store.regions.has(this.lastDrawn)) {
      this.store.select([this.lastDrawn]);
    }
  }

  /** @param {Shape} kind */
  placeInMiddle(kind) {
    const view = this.stage.viewport.window;
    const { width, height } = this.stage.size;
    const left = Math.max(0, view.left);
    const top = Math.max(0, view.top);
    const across = Math.min(width, view.right) - left;
    const down = Math.min(height, view.bottom) - top;
    if (across <= 0 || down <= 0) return;
    const part = { left: left + across * 0.4, top: top + down * 0.4, right: left + across * 0.6, bottom: top + down * 0.6 };
    if (!this.#armedFor(kind)) this.arm(kind);
    this.add(kind, [kind.place(part, this.#ink(kind)?.asks)]);
  }

  escape() {
    if (this.relations.stop() || this.stage.cancel()) return;
    if (this.texts?.search.open) return this.texts.search.hide();
    if (this.guidance.open) return this.guidance.close();
    if (this.store.selection.size) this.store.select([]);
    else if (this.filter.active) this.filter.clear();
    else this.stage.use("select");
  }

  #listen() {
    const refresh = () => this.refresh();
    const recount = () => {
      this.recount = true;
      this.refresh();
    };
    for (const event of ["load", "change", "show"]) this.store.addEventListener(event, recount);
    this.store.addEventListener("select", refresh);
    this.stage.addEventListener("tool", refresh);
    this.stage.addEventListener("say", (event) => this.notes.say(/** @type {CustomEvent<string>} */ (event).detail));
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
    for (const name of /** @type {const} */ (["brightness", "contrast"])) {
      const slider = this.root.querySelector(`[data-light="${name}"]`);
      slider?.addEventListener("input", () => this.setLight(name, Number(/** @type {HTMLInputElement} */ (slider).value)));
    }
    this.root.addEventListener("click", (event) => {
      // After a press with the mouse the keys belong to the picture again, so that Enter submits.
      const pressed = event.target instanceof Element && event.target.closest("summary, a, input");
      if (pressed && event.detail > 0 && !isTyping(pressed)) focusItem(this);
    });
    const recolour = () => {
      this.stage.palette.read();
      this.stage.palette.setControls([...this.controls, ...(this.relations.control ? [this.relations.control] : [])]);
      this.stage.scene.invalidate(true);
      this.beside.repaint();
      this.store.dispatchEvent(new Event("show"));
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  }

  /** @param {KeyboardEvent} event */
  #keydown(event) {
    if (document.querySelector("dialog[open]")) return;
    const inField = event.target instanceof HTMLElement && event.target.closest("[data-field]") !== null;
    if (inField && event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      return focusItem(this);
    }
    const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (inField && bare && !isTyping(event.target) && FIELD_KEYS.test(event.key)) return;
    if (event.code === "Space" && this.medium.isPicture && !isTyping(event.target) && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      if (!event.repeat) this.stage.lend("pan");
      return;
    }
    if (bare && !isTyping(event.target) && !(event.target instanceof HTMLButtonElement) && this.stage.current?.key?.(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Alt" && this.stage.tool?.draws && !event.repeat) this.stage.lend("select");
    const inList = event.target instanceof HTMLElement && event.target.closest("[data-region-list], [data-guidance]") !== null;
    if (inList && ["ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"].includes(event.key)) return;
    if (this.keymap.handle(event)) event.stopPropagation();
  }
}

function newId() {
  const id = uuid();
  return { key: id, id };
}

/** @param {Reason|null} reason @returns {Bounds|null} */
function placeOf(reason) {
  if (!reason?.box) return null;
  const [left, top, right, bottom] = reason.box;
  return { left, top, right, bottom };
}
