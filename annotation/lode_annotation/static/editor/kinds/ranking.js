// @ts-check
/** The order of a list's entries, the best one first: moved by dragging, by buttons or by keys. What is said is `{name: ids}`. */

import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("../media/index.js").Entry} Entry */
/** @typedef {import("../model/types.js").Control} Control */

const UP = "M6 15l6-6 6 6";
const DOWN = "M6 9l6 6 6-6";

/** The ids of what is said, in their order. @param {any} said @returns {string[]} */
function orderOf(said) {
  return Object.values(said ?? {})[0] ?? [];
}

/**
 * Move one to another place; those between make room.
 * @template T
 * @param {readonly T[]} order
 * @param {number} from
 * @param {number} to
 * @returns {T[]}
 */
export function moved(order, from, to) {
  const rest = order.filter((_, at) => at !== from);
  return [...rest.slice(0, to), /** @type {T} */ (order[from]), ...rest.slice(to)];
}

/** The list as it stands, its rows moved by dragging, by buttons and by keys. */
class RankingField {
  /** @type {readonly Entry[]} */
  #entries = [];
  /** @type {string[]} */
  #order = [];
  #editable = false;
  #ranked = false;
  /** @type {string|null} */
  #dragged = null;

  /** @param {Control} control @param {(next: (had: any) => any, typing: boolean) => void} say */
  constructor(control, say) {
    this.control = control;
    this.say = say;
    this.list = h("ol", { class: "ed-ranking", "aria-label": control.name, onkeydown: (event) => this.#key(event) });
    this.keep = h("button", { type: "button", class: "btn btn-sm", onclick: () => this.#give(this.#order) }, gettext("Keep this order"));
    this.hint = h("p", { class: "ed-hint" }, gettext("Not ranked yet: move an entry, or keep the order."));
    this.element = h("div", {}, this.list, this.hint, this.keep);
  }

  /** @returns {HTMLElement[]} */
  get #rows() {
    return /** @type {HTMLElement[]} */ ([...this.list.children]);
  }

  /** @param {any} said @param {boolean} editable @param {readonly Entry[]} entries */
  show(said, editable, entries) {
    const now = orderOf(said);
    const ranked = now.length > 0;
    const same = entries === this.#entries && editable === this.#editable && ranked === this.#ranked;
    const stays = same && (!ranked || now.join("\n") === this.#order.join("\n"));
    const { activeElement: active } = document;
    const held = this.list.contains(active) ? /** @type {HTMLElement} */ (active).dataset.entry : undefined;
    this.#entries = entries;
    this.#editable = editable;
    this.#ranked = ranked;
    this.keep.hidden = ranked || !editable;
    this.hint.hidden = ranked;
    if (stays) return;
    this.#draw(now);
    if (held !== undefined) this.#rows.find((row) => row.dataset.entry === held)?.focus();
  }

  /** @param {readonly string[]} order */
  #give(order) {
    if (this.#editable) this.say(() => ({ [this.control.name]: [...order] }), false);
  }

  /** @param {number} from @param {number} to */
  #move(from, to) {
    if (!this.#editable || from < 0 || to < 0 || to >= this.#order.length || from === to) return;
    const next = moved(this.#order, from, to);
    this.#give(next);
    this.#draw(next);
    this.#rows[to]?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const at = this.#rows.indexOf(/** @type {HTMLElement} */ (event.target));
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (at < 0) return;
    if (by && event.shiftKey) this.#move(at, at + by);
    else if (by) this.#rows[at + by]?.focus();
    else if (event.key === "Home" && event.shiftKey) this.#move(at, 0);
    else if (event.key === "End" && event.shiftKey) this.#move(at, this.#order.length - 1);
    else if (event.key === " ") this.#give(this.#order);
    else if (["Delete", "Backspace"].includes(event.key) && this.#editable && this.#ranked && !this.control.required) this.say(() => null, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {readonly string[]} now */
  #draw(now) {
    const byId = new Map(this.#entries.map((entry) => [entry.id, entry]));
    this.#order = [...now.filter((id) => byId.has(id)), ...this.#entries.map(({ id }) => id).filter((id) => !now.includes(id))];
    this.list.replaceChildren(...this.#order.map((id, at) => this.#row(/** @type {Entry} */ (byId.get(id)), at)));
    this.list.classList.toggle("is-on", this.#ranked);
  }

  /** @param {Entry} entry @param {number} at */
  #row(entry, at) {
    return h(
      "li",
      {
        class: "ed-ranked",
        tabindex: at ? "-1" : "0",
        draggable: this.#editable ? "true" : undefined,
        "data-entry": entry.id,
        title: entry.body || undefined,
        ondragstart: () => (this.#dragged = entry.id),
        ondragend: () => (this.#dragged = null),
        ondragover: (event) => this.#dragged !== null && event.preventDefault(),
        ondrop: (event) => {
          event.preventDefault();
          if (this.#dragged !== null) this.#move(this.#order.indexOf(this.#dragged), at);
        },
      },
      h("span", { class: "ed-ranked-at" }, String(at + 1)),
      h("span", { class: "ed-ranked-what" }, h("b", {}, entry.title || entry.id), entry.body ? h("span", {}, entry.body) : null),
      this.#button(UP, gettext("Move up"), entry, at, at - 1),
      this.#button(DOWN, gettext("Move down"), entry, at, at + 1),
    );
  }

  /** @param {string} look @param {string} title @param {Entry} entry @param {number} at @param {number} to */
  #button(look, title, entry, at, to) {
    return h(
      "button",
      {
        type: "button",
        class: "btn btn-ghost btn-icon btn-sm",
        title,
        "aria-label": `${title}: ${entry.title || entry.id}`,
        tabindex: "-1",
        disabled: !this.#editable || to < 0 || to >= this.#order.length ? "" : undefined,
        onclick: () => this.#move(at, to),
        onmousedown: (event) => event.preventDefault(),
      },
      icon(look),
    );
  }
}

/** @type {import("./index.js").Answer} */
export const ranking = {
  name: "ranking",
  drawn: false,
  result: "ranker",
  said: "ranker",
  control: "Ranker",
  read: (said) => {
    const orders = said && typeof said === "object" && !Array.isArray(said) ? Object.values(said) : [];
    const [order] = orders;
    return orders.length === 1 && Array.isArray(order) && order.every((id) => typeof id === "string") ? said : null;
  },
  isEmpty: (said) => !orderOf(said).length,
  wrong: () => "",
  field(control, say) {
    const made = new RankingField(control, say);
    return { element: made.element, show: (said, editable, _mixed, entries = []) => made.show(said, editable, entries) };
  },
};
