// @ts-check
/** The guidelines of the labels and their examples, in a panel beside the picture; a region at hand made an example. */

import { boundsOf, isShape, shapeOf } from "../kinds/index.js";
import { dialog } from "../../lode/dialog.js";
import { find, h } from "../../lode/dom.js";
import { HttpError, postJSON } from "../../lode/http.js";
import { gettext } from "../../lode/words.js";
import { focusItem } from "../view/item.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../keymap.js").Command} Command */
/** @typedef {import("../model/types.js").Control} Control */
/** @typedef {import("../model/types.js").Label} Label */
/** @typedef {import("../model/types.js").Region} Region */
/**
 * What the page knows of guidelines.
 * @typedef {object} Source
 * @property {string} url where they are read; empty: they stand in the page
 * @property {Record<string, number>} examples how many each class has, by its id
 * @property {string} add where an example is added; empty for those who may not
 */

const LONGEST = 200;

export class Guidance {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.root = find("[data-guidance]", editor.root);
    this.body = find("[data-guidance-body]", editor.root);
    /** @type {Source} */
    this.source = { url: "", examples: {}, add: "" };
    /** The revision of the schema that the panel holds the labels of. */
    this.held = "";
    /** The class that it was opened for. */
    this.at = 0;
    find("[data-guidance-close]", editor.root).addEventListener("click", () => this.close());
  }

  /** @param {Source|undefined} source */
  from(source) {
    if (source) this.source = source;
  }

  get open() {
    return !this.root.hidden;
  }

  /** Whether there is anything to read of a label. @param {Label} label */
  has(label) {
    return Boolean(label.guideline) || (this.source.examples[String(label.class_id)] ?? 0) > 0;
  }

  /** The label that a key speaks of: that of the selected region, else the one in hand. @returns {Label|undefined} */
  get label() {
    const { controls, armed, store } = this.editor;
    const [region] = store.selectedShapes();
    const control = region && controls.find((one) => one.name === region.control);
    return control?.labels.find((one) => one.value === region?.labels[0]) ?? armed?.label ?? controls.find((one) => one.labels.length)?.labels[0];
  }

  /** Open the panel at a label, or close it where it is open at that one. @param {Label|undefined} label */
  toggle(label) {
    if (this.open && (!label || label.class_id === this.at)) return this.close();
    this.root.hidden = false;
    this.at = label?.class_id ?? 0;
    void this.#fill();
    this.editor.refresh();
  }

  close() {
    if (!this.open) return;
    this.root.hidden = true;
    focusItem(this.editor);
    this.editor.refresh();
  }

  /** Go on to the label that was taken in hand. @param {Label} label */
  follow(label) {
    if (!this.open || !label.class_id || label.class_id === this.at) return;
    this.at = label.class_id;
    this.#point(false);
  }

  /** Another revision has other labels. */
  renew() {
    if (this.open) void this.#fill(false);
  }

  /** @param {boolean} [focus] */
  async #fill(focus = true) {
    const revision = String(this.editor.pages.loaded?.payload.config.revision ?? "");
    if (this.held !== revision || !this.body.childElementCount) {
      try {
        this.body.replaceChildren(await this.#read(revision));
        this.held = revision;
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        this.body.replaceChildren(h("p", { class: "note note-warning" }, error.message));
      }
    }
    this.#point(focus);
  }

  /** @param {string} revision @returns {Promise<DocumentFragment>} */
  async #read(revision) {
    const inPage = document.getElementById("guidance");
    if (!this.source.url && inPage instanceof HTMLTemplateElement) return /** @type {DocumentFragment} */ (inPage.content.cloneNode(true));
    return readPart(`${this.source.url}${revision && `?revision=${revision}`}`);
  }

  /** @param {boolean} focus */
  #point(focus) {
    for (const part of this.body.querySelectorAll("[data-guide]")) {
      const here = part.getAttribute("data-guide") === String(this.at);
      part.classList.toggle("is-at", here);
      if (here) this.body.scrollTop = /** @type {HTMLElement} */ (part).offsetTop - this.body.offsetTop;
    }
    if (focus && this.open) this.body.focus({ preventScroll: true });
  }

  // A region that shows what counts

  /** The selected region that can be an example: one alone, of a class. @returns {{region: Region, label: Label}|null} */
  get candidate() {
    const shapes = this.editor.store.selectedShapes();
    const [region] = shapes;
    if (!this.source.add || shapes.length !== 1 || !region || !isShape(region)) return null;
    const control = this.editor.controls.find((one) => one.name === region.control);
    const label = control?.labels.find((one) => one.value === region.labels[0]);
    return label?.class_id ? { region, label } : null;
  }

  ask() {
    const found = this.candidate;
    const item = this.editor.pages.loaded?.payload.media.id;
    if (!found || !item) return;
    const { region, label } = found;
    const caption = h("input", { class: "form-control", type: "text", maxlength: LONGEST, "aria-label": gettext("Caption"), placeholder: gettext("What is to be seen here?") });
    const bad = h("input", { type: "radio", class: "form-check-input", name: "good" });
    const good = h("input", { type: "radio", class: "form-check-input", name: "good", checked: true });
    const body = [
      h("p", { class: "ed-ways" }, h("label", {}, good, gettext("Counts as {label}", { label: label.value })), h("label", {}, bad, gettext("Does not count"))),
      caption,
    ];
    const send = () => void this.#add({ class_id: label.class_id, item, good: good.checked, caption: caption.value, frame: region.frame ?? 0, ...partOf(region) });
    const box = dialog(gettext("Use as an example"), body, [
      { title: gettext("Add"), primary: true, run: send },
      { title: gettext("Cancel"), run: () => {} },
    ]);
    caption.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      box.close();
      send();
    });
    caption.focus();
  }

  /** @param {Record<string, any>} example */
  async #add(example) {
    const { notes, questions, controls } = this.editor;
    try {
      await postJSON(this.source.add, example);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return void notes.say(error.message);
    }
    const id = String(example.class_id);
    this.source.examples[id] = (this.source.examples[id] ?? 0) + 1;
    this.held = "";
    this.body.replaceChildren();
    questions.set(controls);
    this.renew();
    this.editor.refresh();
    notes.say(gettext("Added as an example."));
  }
}

/** Which part of its item a region is. @param {Region} region */
function partOf(region) {
  const { left, top, right, bottom } = boundsOf(region);
  return shapeOf(region).inText ? { span: [left, right] } : { box: [left, top, right, bottom] };
}

/** A part of a page as the server wrote it. @param {string} url @returns {Promise<DocumentFragment>} */
export async function readPart(url) {
  const response = await fetch(url, { credentials: "same-origin", redirect: "manual" }).catch(() => null);
  if (!response?.ok) {
    const words = response ? gettext("The server does not show this.") : gettext("No connection.");
    throw new HttpError(response ? "gone" : "network", words, response?.status ?? 0);
  }
  const made = new DOMParser().parseFromString(await response.text(), "text/html");
  const part = document.createDocumentFragment();
  part.append(...made.body.childNodes);
  return part;
}

/** @param {Editor} editor @returns {Command[]} */
export function guidanceCommands({ guidance }) {
  const group = gettext("Labels");
  return [
    { id: "guidance", title: gettext("Guideline and examples of the label"), group, keys: ["Alt+i"], icon: "book", active: () => guidance.open, run: () => guidance.toggle(guidance.label) },
    { id: "example", title: gettext("Use the selected region as an example"), group, keys: ["Alt+e"], icon: "photo-plus", when: () => guidance.candidate !== null, run: () => guidance.ask() },
  ];
}
