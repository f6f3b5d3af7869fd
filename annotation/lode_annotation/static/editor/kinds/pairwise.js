// @ts-check
/** Which of two pictures of an item is preferred: a button or a key for each. What is said is the name of a side. */

import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";
import { keyName } from "../../lode/keyboard.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../model/types.js").Control} Control */

const SIDES = ["left", "right"];
const KEYS = ["(", ")"];

/** What is said of its two pictures, the left one first. @param {Control} control @returns {string[]} */
function sidesOf(control) {
  return control.options?.sides ?? SIDES;
}

/** The pictures that it compares, by their names. @param {Control} control */
function namesOf(control) {
  return control.to_name.split(",");
}

/** The page of the picture that is preferred, -1 where none is. @param {Control} control @param {any} said */
export function preferredPage(control, said) {
  return control.type === pairwise.control ? (control.pages?.[sidesOf(control).indexOf(said)] ?? -1) : -1;
}

/** @type {import("./index.js").Answer} */
export const pairwise = {
  name: "pairwise",
  drawn: false,
  result: "pairwise",
  said: "selected",
  control: "Pairwise",
  read: (said) => (typeof said === "string" && said ? said : null),
  isEmpty: (said) => !said,
  wrong: () => "",
  field(control, say) {
    /** @type {string|null} */
    let now = null;
    let editable = false;
    const tick = () => {
      const made = h("span", { class: "ed-tick", "aria-hidden": "true" }, icon("check"));
      made.style.setProperty("--c", "var(--lode-accent)");
      return made;
    };
    const buttons = sidesOf(control).map((side, at) =>
      h(
        "button",
        {
          type: "button",
          role: "radio",
          class: "ed-label",
          "data-side": side,
          onclick: () => prefer(side === now && !control.required ? null : side),
          onmousedown: (event) => event.preventDefault(),
        },
        h("kbd", { "aria-hidden": "true" }, keyName(KEYS[at] ?? "")),
        tick(),
        h("span", { class: "ed-label-name" }, namesOf(control)[at] ?? side),
      ),
    );
    const group = h("div", { class: "ed-labels", role: "radiogroup", "aria-label": control.name, onkeydown: key }, ...buttons);

    /** @param {string|null} side null takes it back */
    function prefer(side) {
      if (editable) say(() => side, false);
    }

    /** @param {KeyboardEvent} event */
    function key(event) {
      const to = { ArrowLeft: 0, ArrowUp: 0, ArrowRight: 1, ArrowDown: 1 }[event.key];
      const back = ["Delete", "Backspace"].includes(event.key) && !control.required;
      if (!editable || (to === undefined && !back)) return;
      event.preventDefault();
      prefer(to === undefined ? null : (sidesOf(control)[to] ?? null));
      if (to !== undefined) buttons[to]?.focus();
    }

    return {
      element: group,
      show(said, may) {
        [now, editable] = [said, may];
        group.setAttribute("aria-disabled", String(!may));
        buttons.forEach((button, at) => {
          const on = button.dataset.side === said;
          button.classList.toggle("is-on", on);
          button.setAttribute("aria-checked", String(on));
          button.tabIndex = on || (!at && !sidesOf(control).includes(said)) ? 0 : -1;
        });
      },
    };
  },
};

/** A key a side, of the first pair that is not answered, else of the last that was. @param {Editor} editor @returns {import("../keymap.js").Command[]} */
export function pairCommands(editor) {
  const pairs = editor.controls.filter((one) => one.type === pairwise.control);
  if (!pairs.length) return [];
  const titles = [gettext("Prefer the left picture"), gettext("Prefer the right picture")];
  return KEYS.map((key, at) => ({
    id: `pair.${SIDES[at]}`,
    title: titles[at] ?? "",
    group: gettext("Pairs"),
    keys: [key],
    when: () => editor.stage.editable,
    run: () => {
      const control = pairs.find((one) => editor.questions.said(one).said === null) ?? pairs.at(-1);
      if (control) editor.questions.say(control, () => sidesOf(control)[at] ?? null);
    },
  }));
}
