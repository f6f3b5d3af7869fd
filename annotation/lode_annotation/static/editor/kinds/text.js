// @ts-check
/** Texts that annotators write: a text area each. What is said is a list of texts. */

import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";
import { gettext } from "../../lode/words.js";

const LONGEST = 100_000;

/** @type {import("./index.js").Answer} */
export const text = {
  name: "text",
  drawn: false,
  result: "textarea",
  said: "text",
  control: "TextArea",
  read: (said) => (Array.isArray(said) && said.every((one) => typeof one === "string") ? said : null),
  isEmpty: (said) => !filled(said).length,
  sent: filled,
  wrong(control, said) {
    const texts = filled(said);
    const twice = control.options?.skip_duplicates && new Set(texts).size < texts.length;
    return twice ? gettext("{name} says the same twice.", { name: control.name }) : "";
  },
  field(control, say) {
    const { max_submissions: most = Infinity, rows = 2, placeholder = "" } = control.options ?? {};
    const list = h("div", { class: "ed-texts" });
    /** Whether another area was asked for that is not there yet. */
    let asked = false;
    const add = h("button", { type: "button", class: "ed-quiet", onclick: another }, icon("plus"), gettext("Add a text"));

    function another() {
      asked = true;
      say((had) => [...areasOf(had), ""], false);
    }

    /** @param {number} at */
    function area(at) {
      const name = at ? gettext("{name}, text {n}", { name: control.name, n: at + 1 }) : control.name;
      return h("textarea", { class: "ed-input", rows, maxlength: LONGEST, "aria-label": name, oninput: (event) => typed(at, event.target) });
    }

    /** @param {number} at @param {HTMLTextAreaElement} field */
    function typed(at, field) {
      const { value } = field;
      say((had) => {
        const texts = areasOf(had);
        texts[Math.min(at, texts.length)] = value;
        return texts;
      }, true);
    }

    return {
      element: h("div", {}, list, add),
      show(said, editable, mixed) {
        const now = areasOf(said);
        const more = now.length > list.children.length;
        while (list.children.length < now.length) list.append(area(list.children.length));
        while (list.children.length > now.length) list.lastElementChild?.remove();
        now.forEach((one, at) => {
          const field = /** @type {HTMLTextAreaElement} */ (list.children[at]);
          // what is there already stays as it is, and the caret with it; a field knows one sign of a line's end
          if (field.value !== one.replace(/\r\n?/g, "\n")) field.value = one;
          field.readOnly = !editable;
          field.placeholder = mixed ? gettext("different texts") : placeholder;
        });
        if (asked && more) {
          asked = false;
          /** @type {HTMLElement|null} */ (list.lastElementChild)?.focus();
        }
        add.hidden = !editable || mixed || now.length >= most || !now.at(-1)?.trim();
      },
    };
  },
};

/** What stands in each area; there is always one. @param {string[]|null} said @returns {string[]} */
function areasOf(said) {
  return said?.length ? [...said] : [""];
}

/** @param {unknown} said @returns {string[]} */
function filled(said) {
  return /** @type {string[]} */ (said).filter((one) => one.trim());
}
