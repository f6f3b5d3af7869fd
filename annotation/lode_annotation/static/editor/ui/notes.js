// @ts-check
/** What the page says: passing notes over the picture, notes that stay until they are settled, and words for readers. */

import { leave, messageLine } from "../../lode/toast.js";

/** @typedef {import("../../lode/toast.js").Act} Act */

const SHOWN_MS = 5000;

export class Notes {
  /** @param {HTMLElement} root @param {HTMLElement} live an aria-live element */
  constructor(root, live) {
    this.root = root;
    this.live = live;
    /** @type {Map<string, HTMLElement>} */
    this.staying = new Map();
    /** @type {HTMLElement|null} */
    this.echoed = null;
  }

  /** Say it to those who listen only. @param {string} words */
  announce(words) {
    this.live.textContent = "";
    requestAnimationFrame(() => (this.live.textContent = words));
  }

  /** A note that goes by itself. @param {string} words @param {Act} [act] @returns {HTMLElement} */
  say(words, act) {
    const note = this.#note(words, act ? [act] : [], "note");
    this.announce(words);
    leave(note, SHOWN_MS);
    while (this.root.children.length > 4) this.root.firstElementChild?.remove();
    return note;
  }

  /** Say what was just done, and how to take it back; the next such note takes its place. @param {string} words @param {Act} act */
  echo(words, act) {
    this.hush();
    this.echoed = this.say(words, act);
  }

  /** What was done has been taken back, or is too long ago. */
  hush() {
    this.echoed?.remove();
    this.echoed = null;
  }

  /**
   * A note that stays until it is settled; the same id again replaces it.
   * @param {string} id
   * @param {string} words
   * @param {Act[]} [acts]
   * @param {"note"|"warning"|"danger"} [kind]
   */
  stay(id, words, acts = [], kind = "warning") {
    if (this.staying.get(id)?.dataset.words === words) return;
    this.settle(id);
    const note = this.#note(words, acts, kind, () => this.settle(id));
    note.dataset.words = words;
    note.dataset.note = id;
    this.staying.set(id, note);
    this.announce(words);
  }

  /** @param {string} id */
  settle(id) {
    this.staying.get(id)?.remove();
    this.staying.delete(id);
  }

  /** Another task: what was said of the one before goes, but for the echo of what was done to it. */
  clear() {
    for (const id of [...this.staying.keys()]) this.settle(id);
    this.root.replaceChildren(...(this.echoed?.isConnected ? [this.echoed] : []));
  }

  /** @param {string} words @param {Act[]} acts @param {"note"|"warning"|"danger"} kind @param {() => void} [settled] */
  #note(words, acts, kind, settled) {
    const note = messageLine(words, { kind, acts, close: () => (settled ? settled() : note.remove()) });
    note.classList.add("ed-note");
    this.root.append(note);
    return note;
  }
}
