// @ts-check
/** A tree of classes to pick from: arrows move, open and close, Enter and Space pick, a search shows what matches. */

import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";
import { gettext } from "../../lode/words.js";

/** Stands between the steps of a path. */
export const WITHIN = " / ";

/**
 * @typedef {object} Item
 * @property {string} name its path
 * @property {number} depth
 * @property {HTMLElement} row
 * @property {boolean} branch whether others stand below it
 * @property {boolean} open
 */
/**
 * @typedef {object} TreeHost
 * @property {string} name
 * @property {string} placeholder of the search
 * @property {readonly {name: string, hint: string}[]} nodes each below its parent, in the order of the config
 * @property {boolean} leaves whether only what has nothing below it can be picked
 * @property {(name: string) => void} picked
 */

/** @param {string} name @param {string} other whether one stands below the other */
function isBelow(name, other) {
  return name.startsWith(`${other}${WITHIN}`);
}

export class Tree {
  /** @param {TreeHost} host */
  constructor(host) {
    this.host = host;
    /** @type {Item[]} */
    this.items = host.nodes.map(({ name, hint }) => this.#item(name, hint));
    /** What is picked. @type {readonly string[]} */
    this.names = [];
    this.editable = false;
    this.wanted = "";
    this.current = 0;
    this.list = h(
      "div",
      { class: "ed-tree", role: "tree", "aria-label": host.name, "aria-multiselectable": "true", onkeydown: (event) => this.#key(event) },
      ...this.items.map((one) => one.row),
    );
    this.summary = h("p", { class: "ed-hint" });
    this.search = h("input", {
      type: "search",
      class: "ed-search",
      placeholder: host.placeholder,
      "aria-label": `${host.name}: ${host.placeholder}`,
      oninput: () => this.#find(),
      onkeydown: (event) => this.#searchKey(event),
    });
    this.element = h("div", { class: "ed-taxonomy" }, this.summary, this.search, this.list);
  }

  /** @param {readonly string[]} names those picked @param {boolean} editable @param {boolean} mixed */
  show(names, editable, mixed) {
    // what is picked is in sight
    for (const name of names.filter((one) => !this.names.includes(one))) {
      for (const other of this.items) if (isBelow(name, other.name)) other.open = true;
    }
    this.names = names;
    this.editable = editable;
    this.list.setAttribute("aria-disabled", String(!editable));
    this.summary.textContent = mixed ? gettext("different classes") : names.join(", ");
    this.summary.hidden = !this.summary.textContent;
    this.#draw();
  }

  /** @param {string} name @param {string} hint @returns {Item} */
  #item(name, hint) {
    const path = name.split(WITHIN);
    const branch = this.host.nodes.some((other) => isBelow(other.name, name));
    const tick = h("span", { class: "ed-tick", "aria-hidden": "true" }, icon("check"));
    const row = h(
      "div",
      { role: "treeitem", class: "ed-branch", "aria-level": path.length, title: hint || name, "data-label": name },
      h("span", { class: "ed-fold", "aria-hidden": "true" }, branch ? icon("chevron-right") : null),
      branch && this.host.leaves ? null : tick,
      h("span", { class: "ed-label-name" }, path.at(-1) ?? ""),
    );
    const item = { name, depth: path.length, row, branch, open: false };
    row.style.setProperty("--depth", String(path.length - 1));
    row.addEventListener("mousedown", (event) => event.preventDefault());
    row.addEventListener("click", (event) => this.#click(item, event));
    return item;
  }

  /** @param {Item} item @param {MouseEvent} event */
  #click(item, event) {
    this.current = this.items.indexOf(item);
    const onFold = event.target instanceof Element && event.target.closest(".ed-fold") !== null;
    if (item.branch && (onFold || this.host.leaves)) this.#fold(item, !item.open);
    else this.#pick(item);
  }

  /** @param {Item} item */
  #canPick(item) {
    return this.editable && !(item.branch && this.host.leaves);
  }

  /** @param {Item} item */
  #pick(item) {
    if (this.#canPick(item)) this.host.picked(item.name);
  }

  /** @param {Item} item @param {boolean} open */
  #fold(item, open) {
    item.open = open;
    this.#draw();
  }

  #find() {
    this.wanted = this.search.value.trim().toLowerCase();
    const first = this.#shown().find((one) => this.#matches(one));
    if (first) this.current = this.items.indexOf(first);
    this.#draw();
  }

  /** @param {Item} item */
  #matches(item) {
    return item.name.toLowerCase().includes(this.wanted);
  }

  /** The rows in sight: what stands below open branches, of a search what matches and what that stands below. */
  #shown() {
    const { items, wanted } = this;
    if (!wanted) return items.filter((one) => items.every((other) => other.open || !isBelow(one.name, other.name)));
    const found = items.filter((one) => this.#matches(one));
    return items.filter((one) => found.includes(one) || found.some((other) => isBelow(other.name, one.name)));
  }

  /** @param {KeyboardEvent} event */
  #searchKey(event) {
    if (event.key === "ArrowDown") this.#move(0);
    else if (event.key === "Enter") {
      const first = this.#shown().find((one) => this.#matches(one) && this.#canPick(one));
      if (first) this.#pick(first);
      this.search.value = "";
      this.#find();
    } else return;
    event.preventDefault();
  }

  /** Go to the row so many rows on. @param {number} by */
  #move(by) {
    const rows = this.#shown();
    const at = Math.max(rows.findIndex((one) => one === this.items[this.current]), 0);
    const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (!next) return;
    this.current = this.items.indexOf(next);
    this.#draw();
    next.row.focus();
    next.row.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const item = this.items[this.current];
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    const far = this.items.length;
    const by = { ArrowDown: 1, ArrowUp: -1, Home: -far, End: far }[event.key];
    if (by !== undefined) this.#move(by);
    else if (event.key === "ArrowRight" && item.branch) item.open ? this.#move(1) : this.#fold(item, true);
    else if (event.key === "ArrowLeft") this.#leave(item);
    else if (event.key === "Enter" || event.key === " ") this.#pick(item);
    else return;
    event.preventDefault();
  }

  /** Close a branch, or go to what it stands below. @param {Item} item */
  #leave(item) {
    if (item.branch && item.open) return this.#fold(item, false);
    const parent = this.items.findIndex((other) => other.depth === item.depth - 1 && isBelow(item.name, other.name));
    if (parent < 0) return;
    this.current = parent;
    this.#move(0);
  }

  #draw() {
    const rows = new Set(this.#shown());
    if (!this.items.some((one, at) => at === this.current && rows.has(one))) {
      this.current = Math.max(this.items.findIndex((one) => rows.has(one)), 0);
    }
    this.items.forEach((one, at) => {
      const on = this.names.includes(one.name);
      one.row.hidden = !rows.has(one);
      one.row.tabIndex = at === this.current ? 0 : -1;
      one.row.classList.toggle("is-on", on);
      one.row.setAttribute("aria-selected", String(on));
      if (one.branch) one.row.setAttribute("aria-expanded", String(one.open || this.wanted !== ""));
    });
  }
}
