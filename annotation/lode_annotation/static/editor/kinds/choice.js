// @ts-check
/** The answer to a question about the whole item, one of some choices or several. */

/** @type {import("./index.js").Answer} */
export const choice = {
  name: "choice",
  drawn: false,
  result: "choices",
  control: "Choices",
  answered(control, had, value) {
    const chosen = new Set(had);
    if (control.choice === "multiple") {
      chosen.has(value) ? chosen.delete(value) : chosen.add(value);
      return control.labels.map((label) => label.value).filter((one) => chosen.has(one));
    }
    return chosen.has(value) && !control.required ? [] : [value];
  },
  isEmpty: (region) => !region.labels.length,
};
