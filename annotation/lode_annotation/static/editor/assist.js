// @ts-check
/**
 * Regions suggested by a click: asked of the server, waited for beside the work, accepted or adjusted by the person.
 *
 * Nothing waits for an answer: several clicks may be on their way, and one that comes when its task has gone is dropped.
 */

import { HttpError, postJSON } from "../lode/http.js";
import { gettext, ngettext } from "../lode/words.js";
import { boundsOf, isShape, shapeFor } from "./kinds/index.js";
import { fromResults } from "./model/convert.js";
import { assistTool } from "./tools/assist.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./model/types.js").LsResult} LsResult */
/** @typedef {import("./model/types.js").Point} Point */
/** @typedef {import("./model/types.js").Region} Region */
/** @typedef {import("./task/loaded_task.js").LoadedTask} LoadedTask */
/** @typedef {{name: string, version: string, boxes: boolean}} Helper the assistant that answers; `version` is what one is that the operator gives */
/** @typedef {{on: boolean, reason: string, model: {regions: number, accuracy: number|null, trivial: number|null}|null, assistant?: Helper|null}} Able what the server says of clicks in a queue */
/** @typedef {[number, number, number, number]} Box xyxy in pixels of the picture */

/** How long an answer is waited for. */
const PATIENCE_MS = 10_000;

export class Assist {
  /**
   * @param {Editor} editor
   * @param {{able: string, assist: string}} addresses with `{task}` where the task's id goes
   * @param {() => LoadedTask|null} loaded the task in hand
   */
  constructor(editor, addresses, loaded) {
    this.editor = editor;
    this.addresses = addresses;
    this.loaded = loaded;
    /** Null until the server has said. @type {Able|null} */
    this.able = null;
    /** Where answers are waited for. @type {Set<Point>} */
    this.asked = new Set();
    const { stage, store } = editor;
    stage.addTool(assistTool(stage, /** @type {import("./stage.js").Tool} */ (stage.tools.get("select")), { clicked: (at) => void this.ask(at), boxed: (box) => void this.ask(middleOf(box), box), boxes: () => this.able?.assistant?.boxes === true }));
    store.addEventListener("load", () => this.#forget());
  }

  /** Ask whether clicks are answered here. */
  async look() {
    try {
      this.#learn(await postJSON(this.addresses.able));
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#learn({ on: false, reason: error.message, model: null });
    }
  }

  /** @param {Able} able */
  #learn(able) {
    this.able = able;
    if (!able.on && this.editor.stage.tool?.id === "assist") this.editor.takeSelect();
    this.editor.setCommands();
    this.#show();
  }

  get on() {
    return this.able?.on === true;
  }

  /** What was suggested and neither accepted nor dismissed yet. @returns {Region[]} */
  get offered() {
    return this.editor.store.pending().filter((region) => region.suggested && isShape(region));
  }

  /** The tool's name, with why it is off where it is. */
  get title() {
    const { able } = this;
    if (able && !able.on) return gettext("Suggest a region by a click: off. {why}", { why: able.reason });
    if (able?.assistant?.version) return this.#given(able.assistant, able.model?.accuracy ?? null);
    if (!able?.model) return gettext("Suggest a region by a click");
    return ngettext("Suggest a region by a click, learned from {n} region", "Suggest a region by a click, learned from {n} regions", able.model.regions);
  }

  /** What a model is called that the operator gives, and how good it is on the project's labels. @param {Helper} helper @param {number|null} accuracy */
  #given(helper, accuracy) {
    const name = helper.version;
    if (accuracy === null) return gettext("Suggest a region by a click or a drawn box: {name}, not measured on your labels yet", { name });
    return gettext("Suggest a region by a click or a drawn box: {name}, median IoU {n}", { name, n: accuracy.toFixed(3) });
  }

  /** Ask what a click means, or a box that was drawn. @param {Point} at in pixels of the picture @param {Box} [box] */
  async ask(at, box) {
    const { editor } = this;
    const task = this.loaded();
    const { armed } = editor;
    if (!task || !this.on) return;
    if (!armed || !shapeFor(armed.control)) return editor.notes.say(gettext("Choose a label first."));
    const page = editor.pages.at;
    this.asked.add(at);
    this.#show();
    try {
      const body = { control: armed.control.name, label: armed.label.value, page, ...(box ? { box } : { x: at.x, y: at.y }) };
      const address = this.addresses.assist.replace("{task}", task.payload.task.id);
      const { result } = await postJSON(address, body, { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (this.loaded() === task && this.asked.has(at)) this.#offer(result, page);
    } catch (error) {
      if (this.loaded() === task) this.#failed(error);
    } finally {
      this.asked.delete(at);
      this.#show();
    }
  }

  /** @param {LsResult[]} result @param {number} page */
  #offer(result, page) {
    const { store, stage, controls, notes } = this.editor;
    const made = fromResults(result.map((one) => JSON.stringify(one)), controls, stage.size, { pending: true });
    const shapes = made.filter(isShape).map((region) => ({ ...region, frame: page, suggested: true }));
    if (!shapes.length || !stage.editable) return notes.say(gettext("Nothing was found there."));
    store.transact(ngettext("Suggest {n} region", "Suggest {n} regions", shapes.length), (change) => shapes.forEach((region) => change.add(region)));
    store.select(shapes.map((region) => region.key));
    for (const region of shapes) stage.viewport.reveal(boundsOf(region));
    notes.announce(gettext("{label} suggested. Enter accepts it.", { label: shapes[0]?.labels.join(", ") ?? "" }));
  }

  /** @param {unknown} error */
  #failed(error) {
    const { notes } = this.editor;
    if (error instanceof HttpError) {
      if (error.code === "assist_off") this.#learn({ on: false, reason: error.message, model: null });
      return notes.say(error.message);
    }
    if (!(error instanceof DOMException)) throw error;
    notes.say(gettext("The assistant did not answer in time. Draw the region yourself."));
  }

  /** Take all that was suggested as one's own, as one step. */
  accept() {
    const keys = this.offered.map((region) => region.key);
    this.editor.acts.accept(keys);
  }

  #forget() {
    this.asked.clear();
    this.#show();
  }

  /** What stands on the page: off, ready, or where an answer is waited for. */
  #show() {
    const { root, stage } = this.editor;
    root.dataset.assist = this.asked.size ? "asking" : this.on ? "on" : this.able ? "off" : "";
    stage.overlay.asked = [...this.asked];
    stage.overlay.invalidate();
    this.editor.refresh();
  }
}

/** @param {Box} box @returns {Point} */
const middleOf = ([left, top, right, bottom]) => ({ x: (left + right) / 2, y: (top + bottom) / 2 });

/** @param {Assist} assist @returns {Command[]} */
export function assistCommands(assist) {
  const { editor } = assist;
  const { stage } = editor;
  const group = gettext("Tools");
  return [
    { id: "assist.accept", title: gettext("Accept what was suggested by clicks"), group: gettext("Pre-labels"), keys: ["Enter"], when: () => stage.editable && assist.offered.length > 0, run: () => assist.accept() },
    { id: "tool.assist", title: assist.title, group, keys: ["e"], icon: "wand", when: () => stage.editable && assist.on, active: () => stage.tool?.id === "assist", run: () => stage.use("assist") },
  ];
}
