// @ts-check
/** A number, in a field that steps. */

import { h } from "../../lode/dom.js";
import { gettext } from "../../lode/words.js";

/** @type {import("./index.js").Answer} */
export const number = {
  name: "number",
  drawn: false,
  result: "number",
  said: "number",
  control: "Number",
  read: (said) => (typeof said === "number" ? said : null),
  isEmpty: (said) => said === null,
  wrong(control, said) {
    const { min = -Infinity, max = Infinity } = control.options ?? {};
    const n = /** @type {number} */ (said);
    if (n < min) return gettext("{name} is {n}; the least is {least}.", { name: control.name, n, least: min });
    if (n > max) return gettext("{name} is {n}; the most is {most}.", { name: control.name, n, most: max });
    return "";
  },
  field(control, say) {
    const { min, max, step } = control.options ?? {};
    /** What the field was last known to say. @type {unknown} */
    let known = null;
    const field = h("input", { class: "ed-input", type: "number", min, max, step: step ?? "any", "aria-label": control.name, oninput: typed });
    const range = [min, max].some((one) => one !== undefined) ? `${min ?? ""} – ${max ?? ""}` : "";

    function typed() {
      known = Number.isFinite(field.valueAsNumber) ? field.valueAsNumber : null;
      say(() => known, true);
    }

    return {
      element: h("div", { class: "ed-number" }, field, range && h("span", { class: "ed-hint" }, range)),
      show(said, editable, mixed) {
        // half a number, such as "-", says nothing yet and is left to be finished
        if (said !== known) field.value = said === null ? "" : String(said);
        known = said;
        field.readOnly = !editable;
        field.placeholder = mixed ? gettext("different") : "";
        const wrong = said === null ? field.validity.badInput : number.wrong(control, said) !== "";
        field.setAttribute("aria-invalid", String(wrong));
      },
    };
  },
};
