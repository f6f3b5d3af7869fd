// @ts-check
/** What a question can say of itself, each with its field. */

import { h } from "../lode/dom.js";
import { gettext } from "../lode/words.js";

/**
 * @typedef {object} Option
 * @property {string} name the attribute
 * @property {"check"|"choice"|"number"|"text"} type
 * @property {() => string} title
 * @property {boolean} [whole] every kind that asks about an item or about regions that are there has it
 * @property {boolean} [regions] where it is asked of regions
 */
/** @type {readonly Option[]} */
export const OPTIONS = [
  { name: "required", type: "check", title: () => gettext("Must be answered") },
  { name: "choice", type: "choice", title: () => gettext("Several may be chosen") },
  { name: "leafsOnly", type: "check", title: () => gettext("Only classes without others below") },
  { name: "skipDuplicates", type: "check", title: () => gettext("Never the same text twice") },
  { name: "perRegion", type: "check", title: () => gettext("Asked of each region"), whole: true },
  { name: "whenTagName", type: "text", title: () => gettext("of the questions"), whole: true, regions: true },
  { name: "whenLabelValue", type: "text", title: () => gettext("with the labels"), whole: true, regions: true },
  { name: "maxRating", type: "number", title: () => gettext("Stars") },
  { name: "min", type: "number", title: () => gettext("Least") },
  { name: "max", type: "number", title: () => gettext("Most") },
  { name: "step", type: "number", title: () => gettext("Step") },
  { name: "maxUsages", type: "number", title: () => gettext("Classes at most") },
  { name: "maxSubmissions", type: "number", title: () => gettext("Texts at most") },
  { name: "rows", type: "number", title: () => gettext("Lines") },
  { name: "placeholder", type: "text", title: () => gettext("Placeholder") },
  { name: "leftClass", type: "text", title: () => gettext("Left is called") },
  { name: "rightClass", type: "text", title: () => gettext("Right is called") },
  { name: "defaultValue", type: "number", title: () => gettext("Filled in") },
  { name: "value", type: "text", title: () => gettext("Filled in") },
];

/**
 * @param {Option} option
 * @param {string} value
 * @param {string} at where it is found again
 * @param {(value: string|null) => void} say null: the attribute goes
 */
export function optionField(option, value, at, say) {
  if (option.type === "check" || option.type === "choice") {
    const [yes, no] = option.type === "check" ? ["true", null] : ["multiple", "single"];
    const box = h("input", { type: "checkbox", class: "form-check-input", checked: value === yes, "data-at": at, onchange: (event) => say(event.target.checked ? yes : no) });
    return h("label", { class: "schema-check" }, box, option.title());
  }
  const field = h("input", {
    class: "form-control",
    value,
    "data-at": at,
    ...(option.type === "number" ? { inputmode: "decimal", size: 5 } : { size: 14 }),
    oninput: (event) => say(event.target.value || null),
  });
  return h("label", { class: "schema-option" }, option.title(), field);
}

/**
 * Which of an item's pictures a question is about, or which it compares.
 * @param {{names: readonly string[], said: string, at: string}} target the pictures' names, and the `toName` there is
 * @param {number} compares how many it compares, 0 where it is about one
 * @param {(value: string) => void} say
 */
export function targetField({ names, said, at }, compares, say) {
  const sides = compares ? said.split(",") : [said];
  const titles = compares ? [gettext("Left"), gettext("Right")] : [gettext("Picture")];
  return titles.map((title, side) =>
    h(
      "label",
      { class: "schema-option" },
      title,
      h(
        "select",
        {
          class: "form-select",
          "aria-label": title,
          "data-at": `${at} ${side}`,
          onchange: (event) => {
            sides[side] = event.target.value;
            say(sides.join());
          },
        },
        ...names.map((name) => h("option", { value: name, selected: name === sides[side] }, name)),
      ),
    ),
  );
}
