// @ts-check
/** The order of a list's entries, the best one first: moved by dragging, by buttons or by keys. What is said is `{name: ids}`. */

import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("../media/index.js").Entry} Entry */

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
    /** @type {readonly Entry[]} */
    let entries = [];
    /** @type {string[]} */
    let order = [];
    let editable = false;
    let ranked = false;
    /** @type {string|null} */
    let dragged = null;
    const list = h("ol", { class: "ed-ranking", "aria-label": control.name, onkeydown: key });
    const keep = h("button", { type: "button", class: "btn btn-sm", onclick: () => give(order) }, gettext("Keep this order"));
    const hint = h("p", { class: "ed-hint" });
    const element = h("div", {}, list, hint, keep);

    const rows = () => /** @type {HTMLElement[]} */ ([...list.children]);

    /** @param {readonly string[]} to */
    function give(to) {
      if (editable) say(() => ({ [control.name]: [...to] }), false);
    }

    /** @param {number} from @param {number} to */
    function move(from, to) {
      if (!editable || from < 0 || to < 0 || to >= order.length || from === to) return;
      const next = moved(order, from, to);
      give(next);
      draw(next);
      rows()[to]?.focus();
    }

    /** @param {KeyboardEvent} event */
    function key(event) {
      const at = rows().indexOf(/** @type {HTMLElement} */ (event.target));
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (at < 0) return;
      if (by && event.shiftKey) move(at, at + by);
      else if (by) rows()[at + by]?.focus();
      else if (event.key === "Home" && event.shiftKey) move(at, 0);
      else if (event.key === "End" && event.shiftKey) move(at, order.length - 1);
      else if (event.key === " ") give(order);
      else if (["Delete", "Backspace"].includes(event.key) && editable && ranked && !control.required) say(() => null, false);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    /** @param {Entry} entry @param {number} at */
    function row(entry, at) {
      const button = (/** @type {string} */ look, /** @type {string} */ title, /** @type {number} */ to) =>
        h(
          "button",
          {
            type: "button",
            class: "btn btn-ghost btn-icon btn-sm",
            title,
            "aria-label": `${title}: ${entry.title || entry.id}`,
            tabindex: "-1",
            disabled: !editable || to < 0 || to >= order.length ? "" : undefined,
            onclick: () => move(at, to),
            onmousedown: (event) => event.preventDefault(),
          },
          icon(look),
        );
      const made = h(
        "li",
        {
          class: "ed-ranked",
          tabindex: at ? "-1" : "0",
          draggable: editable ? "true" : undefined,
          "data-entry": entry.id,
          title: entry.body || undefined,
          ondragstart: () => (dragged = entry.id),
          ondragend: () => (dragged = null),
          ondragover: (event) => dragged !== null && event.preventDefault(),
          ondrop: (event) => {
            event.preventDefault();
            if (dragged !== null) move(order.indexOf(dragged), at);
          },
        },
        h("span", { class: "ed-ranked-at" }, String(at + 1)),
        h("span", { class: "ed-ranked-what" }, h("b", {}, entry.title || entry.id), entry.body ? h("span", {}, entry.body) : null),
        button(UP, gettext("Move up"), at - 1),
        button(DOWN, gettext("Move down"), at + 1),
      );
      return made;
    }

    /** @param {readonly string[]} now */
    function draw(now) {
      const byId = new Map(entries.map((entry) => [entry.id, entry]));
      order = [...now.filter((id) => byId.has(id)), ...entries.map(({ id }) => id).filter((id) => !now.includes(id))];
      list.replaceChildren(...order.map((id, at) => row(/** @type {Entry} */ (byId.get(id)), at)));
      list.classList.toggle("is-on", ranked);
    }

    return {
      element,
      show(said, may, _mixed, of = []) {
        const now = orderOf(said);
        const same = of === entries && may === editable && ranked === now.length > 0 && now.join("\n") === (ranked ? order.join("\n") : "");
        const held = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.entry : undefined;
        [entries, editable, ranked] = [of, may, now.length > 0];
        keep.hidden = ranked || !may;
        hint.textContent = ranked ? "" : gettext("Not ranked yet: move an entry, or keep the order.");
        hint.hidden = ranked;
        if (same) return;
        draw(now);
        if (held !== undefined) rows().find((one) => one.dataset.entry === held)?.focus();
      },
    };
  },
};
