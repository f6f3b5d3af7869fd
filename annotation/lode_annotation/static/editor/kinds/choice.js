// @ts-check
/** One of some choices, or several: buttons with keys. What is said is a list of labels. */

/** @type {import("./index.js").Answer} */
export const choice = {
  name: "choice",
  drawn: false,
  result: "choices",
  said: "choices",
  control: "Choices",
  read: (said) => (Array.isArray(said) ? said.map(String) : null),
  isEmpty: (said) => !(/** @type {string[]} */ (said).length),
  wrong: () => "",
  picked(control, had, value) {
    const chosen = new Set(/** @type {string[]} */ (had ?? []));
    if (control.choice === "multiple") {
      chosen.has(value) ? chosen.delete(value) : chosen.add(value);
      return control.labels.map((label) => label.value).filter((one) => chosen.has(one));
    }
    return chosen.has(value) && !control.required ? [] : [value];
  },
};
