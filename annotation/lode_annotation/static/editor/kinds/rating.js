// @ts-check
/** So many stars of so many: a row of them, or a digit. What is said is a whole number. */

import { h } from "../../lode/dom.js";
import { gettext, ngettext } from "../../lode/words.js";

const STARS = 5;

/** @type {import("./index.js").Answer} */
export const rating = {
  name: "rating",
  drawn: false,
  result: "rating",
  said: "rating",
  control: "Rating",
  read: (said) => (Number.isInteger(said) ? said : null),
  isEmpty: (said) => said === null,
  wrong: () => "",
  field(control, say) {
    const most = control.options?.max ?? STARS;
    /** @type {number} */
    let now = 0;
    let editable = false;
    const stars = Array.from({ length: most }, (_, at) => star(at + 1));
    const group = h("div", { class: "ed-stars", role: "radiogroup", "aria-label": control.name, onkeydown: key }, ...stars);

    /** @param {number} n */
    function star(n) {
      return h(
        "button",
        {
          type: "button",
          role: "radio",
          class: "ed-star",
          "aria-label": ngettext("{n} star", "{n} stars", n),
          onclick: () => rate(n === now && !control.required ? 0 : n),
          onmousedown: (event) => event.preventDefault(),
        },
        "★",
      );
    }

    /** @param {number} n 0 takes it back */
    function rate(n) {
      if (editable) say(() => n || null, false);
    }

    /** @param {KeyboardEvent} event */
    function key(event) {
      const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      const digit = /^\d$/.test(event.key) ? Number(event.key) : null;
      const to = by ? Math.min(Math.max(now + by, 1), most) : ["Delete", "Backspace"].includes(event.key) ? 0 : digit;
      if (!editable || to === null || to > most || (to === 0 && control.required)) return;
      event.preventDefault();
      rate(to);
      // at once, so that the next Tab leaves the stars
      draw(to);
      stars[Math.max(now, 1) - 1]?.focus();
    }

    /** @param {number} n */
    function draw(n) {
      now = n;
      stars.forEach((one, at) => {
        one.classList.toggle("is-on", at < now);
        one.setAttribute("aria-checked", String(at + 1 === now));
        one.tabIndex = at === Math.max(now, 1) - 1 ? 0 : -1;
      });
    }

    return {
      element: group,
      show(said, may, mixed) {
        editable = may;
        group.setAttribute("aria-disabled", String(!may));
        draw(said ?? 0);
        group.title = mixed ? gettext("different ratings") : "";
      },
    };
  },
};
