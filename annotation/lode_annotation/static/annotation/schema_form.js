// @ts-check
// The labeling config as a form: its questions and their labels are changed by hand, and the XML follows, which keeps
// what the form does not know.

import { shapeFor } from "../editor/kinds/index.js";
import { h } from "../lode/dom.js";
import { icon } from "../lode/icon.js";
import { toast } from "../lode/toast.js";
import { gettext } from "../lode/words.js";
import { OPTIONS, optionField, targetField } from "./schema_options.js";
import { WITHIN } from "./renames.js";
import { below, outline, swapped, withAttribute, withChild, without, written } from "./xml_text.js";

/** @typedef {import("./xml_text.js").Node} Node */
/**
 * A kind of question.
 * @typedef {object} Kind
 * @property {string} opening its tag, with the attributes that make it this kind
 * @property {string} tag
 * @property {Record<string, string>} with these attributes
 * @property {string} part the element that names a class; "" where none does
 * @property {string[]} parts what such an element may say
 * @property {string} title
 * @property {string} name what a control of it is called; "" where it has no name of its own
 * @property {boolean} nested whether classes stand below classes
 * @property {boolean} whole whether it asks about the whole item, or about regions that are there
 * @property {string[]} attributes
 * @property {string} choice what a new one says of it, "" where it says nothing
 * @property {string[]} media of which it can be asked
 * @property {number} compares how many pictures of an item it compares, 0 where it is about one
 */
/** @typedef {{kinds: Kind[], links: string, media: Record<string, string>}} Known `links`: what the control without a name is called; `media`: by the tag of their object */

/** The place of an element: which child of which child. @param {Node} node @returns {number[]} */
function pathOf(node) {
  const { parent } = node;
  return parent ? [...pathOf(parent), parent.children.indexOf(node)] : [];
}

/** @param {Node} root @param {readonly number[]} path @returns {Node|undefined} */
function nodeAt(root, path) {
  return path.reduce((/** @type {Node|undefined} */ node, at) => node?.children[at], root);
}

/** @param {Node} node @param {string} name */
function says(node, name) {
  return node.attributes.get(name)?.value ?? "";
}

export class SchemaForm {
  /**
   * @param {HTMLElement} root
   * @param {HTMLTextAreaElement} field of the XML
   * @param {Known} known
   * @param {import("./renames.js").Renames} renames
   */
  constructor(root, field, known, renames) {
    this.root = root;
    this.field = field;
    this.kinds = new Map(known.kinds.map((kind) => [kind.opening, kind]));
    this.links = known.links;
    this.media = known.media;
    this.renames = renames;
    this.writing = false;
    field.addEventListener("input", () => {
      if (!this.writing) this.render();
    });
    root.addEventListener("keydown", (event) => {
      // Enter is the end of a field, not of the whole page
      if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
    });
    this.render();
  }

  /** @param {Node} node @returns {Kind|undefined} */
  #kindOf(node) {
    const fit = [...this.kinds.values()].filter((kind) => kind.tag === node.tag && Object.entries(kind.with).every(([name, value]) => says(node, name) === value));
    return fit.sort((one, other) => Object.keys(other.with).length - Object.keys(one.with).length)[0];
  }

  /** What a control is called, whose kind may have no names. @param {Node} node @returns {string} */
  #nameOf(node) {
    return this.#kindOf(node)?.name === "" ? this.links : says(node, "name");
  }

  /** @param {string} text */
  #write(text) {
    this.writing = true;
    this.field.value = text;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.writing = false;
  }

  /**
   * Change the text where an element stands.
   * @param {readonly number[]} path
   * @param {(text: string, node: Node) => string} change
   * @returns {boolean} whether it changed
   */
  #edit(path, change) {
    const text = this.field.value;
    const root = outline(text);
    const node = root && nodeAt(root, path);
    const now = node ? change(text, node) : text;
    if (now !== text) this.#write(now);
    return now !== text;
  }

  /** Change what stands where, and show it. @param {readonly number[]} path @param {(text: string, node: Node) => string} change @param {string} [focus] what has the keys then */
  #rebuild(path, change, focus = "") {
    if (!this.#edit(path, change)) return;
    this.render();
    const target = focus && this.root.querySelector(`[data-at="${CSS.escape(focus)}"]`);
    if (target instanceof HTMLElement) target.focus();
  }

  /** Show the questions of the text. */
  render() {
    const root = outline(this.field.value);
    if (!root) {
      const words = gettext("The XML is not well-formed, so it cannot be shown as a form. What is wrong stands beside it.");
      this.root.replaceChildren(h("p", { class: "note note-warning" }, words));
      return;
    }
    const controls = below(root, (one) => this.#kindOf(one) !== undefined);
    const objects = this.#objects(root);
    this.root.replaceChildren(...controls.map((one) => this.#question(one, controls, objects)), this.#adder(root, controls));
  }

  /** What is labelled: several are the pictures of an item. @param {Node} root */
  #objects(root) {
    return below(root, (one) => one.tag in this.media);
  }

  /** @param {Node} node @param {readonly Node[]} controls @param {readonly Node[]} objects @returns {HTMLElement} */
  #question(node, controls, objects) {
    const kind = /** @type {Kind} */ (this.#kindOf(node));
    const path = pathOf(node);
    const shape = shapeFor({ type: kind.opening });
    const name = this.#nameOf(node);
    const called = kind.name !== "" && h("input", {
      class: "form-control",
      value: name,
      "aria-label": gettext("Name of the question"),
      "data-at": `${path.join()} name`,
      oninput: (event) => this.#nameControl(path, event.target.value),
    });
    const head = h(
      "header",
      { class: "schema-question-head" },
      icon(shape?.icon ?? "list-check"),
      h("b", {}, kind.title),
      called,
      h("span", { class: "schema-acts" }, ...this.#acts(node, kind.title, controls)),
    );
    const parts = kind.part && [...this.#labels(node, kind, []), this.#labelAdder(node, kind)];
    return h("section", { class: "schema-question", "aria-label": name || kind.title }, head, this.#options(node, kind, objects), parts && h("div", { class: "schema-labels" }, ...parts));
  }

  /** @param {Node} node @param {Kind} kind @param {readonly Node[]} objects */
  #options(node, kind, objects) {
    const path = pathOf(node);
    const target = { names: objects.map((one) => says(one, "name")), said: says(node, "toName"), at: `${path.join()} toName` };
    const about = kind.name !== "" && objects.length > 1 && targetField(target, kind.compares, (value) => this.#edit(path, (text, one) => withAttribute(text, one, "toName", value)));
    const regions = says(node, "perRegion") === "true";
    const wanted = OPTIONS.filter((option) => (option.whole ? kind.whole && !kind.compares : kind.attributes.includes(option.name)) && (kind.choice || option.name !== "choice") && (!option.regions || regions));
    const fields = wanted.map((option) =>
      optionField(option, says(node, option.name), `${path.join()} ${option.name}`, (value) => {
        const change = (/** @type {string} */ text, /** @type {Node} */ one) => withAttribute(text, one, option.name, value);
        if (option.name === "perRegion") this.#rebuild(path, change, `${path.join()} perRegion`);
        else this.#edit(path, change);
      }),
    );
    return h("div", { class: "schema-options" }, ...(about || []), ...fields);
  }

  /** The rows of the labels below a node. @param {Node} node @param {Kind} kind @param {readonly string[]} above @returns {HTMLElement[]} */
  #labels(node, kind, above) {
    return node.children
      .filter((one) => one.tag === kind.part)
      .flatMap((one) => {
        const steps = [...above, says(one, "value")];
        return [this.#label(one, kind, steps), ...(kind.nested ? this.#labels(one, kind, steps) : [])];
      });
  }

  /** @param {Node} node @param {Kind} kind @param {readonly string[]} steps */
  #label(node, kind, steps) {
    const path = pathOf(node);
    const above = steps.slice(0, -1);
    let control = node.parent;
    while (control && control.tag !== kind.tag) control = control.parent;
    const known = this.renames.classOf(control ? this.#nameOf(control) : "", steps.join(WITHIN));
    const value = h("input", {
      class: "form-control",
      value: steps.at(-1) ?? "",
      "aria-label": gettext("Label"),
      "data-at": `${path.join()} value`,
      oninput: (event) => {
        if (known) this.renames.rename(known, [...above, event.target.value].join(WITHIN));
        this.#edit(path, (text, one) => withAttribute(text, one, "value", event.target.value));
      },
    });
    const field = (/** @type {string} */ name, /** @type {string} */ title, /** @type {Record<string, string|number>} */ more) =>
      h("input", {
        class: "form-control",
        value: says(node, name),
        "aria-label": title,
        placeholder: title,
        ...more,
        oninput: (event) => this.#edit(path, (text, one) => withAttribute(text, one, name, event.target.value || null)),
      });
    const titles = { hotkey: gettext("Key"), hint: gettext("Hint"), points: gettext("Points"), edges: gettext("Edges") };
    const more = ["hotkey", "hint", "points", "edges"].map((name) => {
      const title = titles[/** @type {keyof typeof titles} */ (name)];
      return kind.parts.includes(name) ? field(name, title, name === "hotkey" ? { maxlength: 1, size: 3 } : {}) : name === "hotkey" && h("span");
    });
    const row = h("div", { class: "schema-label" }, value, ...more, h("span", { class: "schema-acts" }, ...this.#acts(node, says(node, "value"), node.parent?.children ?? [], kind)));
    row.style.setProperty("--depth", String(above.length));
    return row;
  }

  /** Move, remove and, in a tree, add below. @param {Node} node @param {string} title @param {readonly Node[]} siblings @param {Kind} [tree] */
  #acts(node, title, siblings, tree) {
    const path = pathOf(node);
    const button = (/** @type {string} */ name, /** @type {string} */ words, /** @type {() => void} */ run, disabled = false) =>
      h("button", { type: "button", class: "icon-button", title: words, "aria-label": `${words}: ${title}`, disabled, "data-at": `${path.join()} ${name}`, onclick: run }, icon(name));
    const move = (/** @type {number} */ by) => {
      const steps = [...path.slice(0, -1), (path.at(-1) ?? 0) + by].join();
      this.#rebuild(path, (text, one) => swapped(text, one, by), `${steps} ${by < 0 ? "chevron-up" : "chevron-down"}`);
    };
    const moves = (/** @type {number} */ by) => {
      const other = node.parent?.children[(path.at(-1) ?? 0) + by];
      return other !== undefined && siblings.includes(other) && (tree ? other.tag === tree.part : this.#kindOf(other) !== undefined);
    };
    return [
      tree?.nested && button("plus", gettext("Add below"), () => this.#addLabels(path, tree, [gettext("new label")], true)),
      button("chevron-up", gettext("Move up"), () => move(-1), !moves(-1)),
      button("chevron-down", gettext("Move down"), () => move(1), !moves(1)),
      button("trash", gettext("Remove"), () => this.#remove(path, title)),
    ];
  }

  /** @param {readonly number[]} path @param {string} title */
  #remove(path, title) {
    const before = this.field.value;
    this.#rebuild(path, without);
    const after = this.field.value;
    if (after === before) return;
    const back = () => {
      if (this.field.value !== after) return toast(gettext("Something else was changed since; add it again."), { kind: "note" });
      this.#write(before);
      this.render();
    };
    toast(gettext("{name} removed", { name: title }), { undo: back });
  }

  /** @param {readonly number[]} path @param {string} name */
  #nameControl(path, name) {
    this.#edit(path, (text, node) => {
      const before = says(node, "name");
      this.renames.renameControl(before, name);
      return withAttribute(text, node, "name", name);
    });
  }

  /** @param {Node} node @param {Kind} kind */
  #labelAdder(node, kind) {
    const path = pathOf(node);
    const at = `${path.join()} more`;
    const add = (/** @type {HTMLInputElement} */ field) => {
      const name = field.value.trim();
      field.value = ""; // it goes, and a field that goes is left
      if (name) this.#addLabels(path, kind, [name], false);
    };
    return h("input", {
      class: "form-control schema-more",
      placeholder: gettext("Add a label"),
      title: gettext("Enter adds it; a list that is pasted adds one a line"),
      "aria-label": gettext("Add a label"),
      "data-at": at,
      onkeydown: (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        add(event.target);
      },
      onpaste: (event) => {
        const text = event.clipboardData?.getData("text") ?? "";
        const names = text.split(/\r?\n/).map((/** @type {string} */ one) => one.trim()).filter(Boolean);
        if (names.length < 2) return;
        event.preventDefault();
        this.#addLabels(path, kind, names, false);
      },
      onblur: (event) => {
        if (!this.root.contains(event.relatedTarget)) add(event.target);
      },
    });
  }

  /** @param {readonly number[]} path @param {Kind} kind @param {readonly string[]} names @param {boolean} open whether the last is to be named */
  #addLabels(path, kind, names, open) {
    const add = (/** @type {string} */ text, /** @type {Node} */ node) =>
      names.reduce((now, value) => {
        const root = outline(now);
        const parent = root && nodeAt(root, pathOf(node));
        return parent ? withChild(now, parent, `<${kind.part}${written({ value })}/>`) : now;
      }, text);
    this.#rebuild(path, add, `${path.join()} more`);
    if (!open) return;
    const root = outline(this.field.value);
    const made = root && nodeAt(root, path)?.children.at(-1);
    const at = made && CSS.escape(`${pathOf(made).join()} value`);
    const field = at && this.root.querySelector(`[data-at="${at}"]`);
    if (field instanceof HTMLInputElement) field.select();
  }

  /** @param {Node} root @param {readonly Node[]} controls */
  #adder(root, controls) {
    const objects = this.#objects(root);
    const [object] = objects;
    const medium = object ? this.media[object.tag] : undefined;
    const fits = [...this.kinds.values()].filter((kind) => medium && kind.media.includes(medium) && kind.compares <= objects.length && (kind.name !== "" || !controls.some((one) => one.tag === kind.tag)));
    const group = (/** @type {string} */ label, /** @type {Kind[]} */ kinds) =>
      kinds.length > 0 && h("optgroup", { label }, ...kinds.map((kind) => h("option", { value: kind.opening }, kind.title)));
    return h(
      "select",
      {
        class: "form-select schema-more",
        "aria-label": gettext("Add a question"),
        onchange: (event) => this.#addControl(/** @type {Kind} */ (this.kinds.get(event.target.value)), controls, objects.map((one) => says(one, "name"))),
      },
      h("option", { value: "", selected: true, disabled: true }, gettext("Add a question …")),
      group(gettext("Regions"), fits.filter((kind) => !kind.whole)),
      group(gettext("Answers"), fits.filter((kind) => kind.whole)),
    );
  }

  /** @param {Kind} kind @param {readonly Node[]} controls @param {readonly string[]} objects what can be asked about */
  #addControl(kind, controls, objects) {
    const taken = new Set([...controls.map((one) => says(one, "name")), ...objects]);
    let name = kind.name;
    for (let n = 2; taken.has(name); n++) name = `${kind.name}${n}`;
    /** @type {Record<string, string>} */
    const own = kind.name === "" ? {} : { name, toName: objects.slice(0, kind.compares || 1).join() };
    const said = written({ ...own, ...kind.with, ...(kind.choice ? { choice: kind.choice } : {}) });
    const parts = kind.part ? `>\n  <${kind.part}${written({ value: gettext("new label") })}/>\n</${kind.tag}>` : "/>";
    this.#rebuild([], (text, node) => withChild(text, node, `<${kind.tag}${said}${parts}`));
    const last = this.root.querySelector(".schema-question:last-of-type");
    last?.scrollIntoView({ block: "nearest" });
    const field = last?.querySelector(kind.part ? ".schema-label input" : "input");
    if (field instanceof HTMLInputElement) field.select();
  }
}
