// @ts-check
/** Classes of a tree, found by keys or by searching. What is said is a list of paths of names. */

import { gettext } from "../../lode/words.js";
import { Tree, WITHIN } from "../ui/tree.js";

/** @type {import("./index.js").Answer} */
export const taxonomy = {
  name: "taxonomy",
  drawn: false,
  result: "taxonomy",
  said: "taxonomy",
  control: "Taxonomy",
  read: (said) => (Array.isArray(said) && said.every((path) => Array.isArray(path) && path.length) ? said : null),
  isEmpty: (said) => !(/** @type {string[][]} */ (said).length),
  wrong(control, said) {
    const most = control.options?.max_usages ?? Infinity;
    const count = /** @type {string[][]} */ (said).length;
    return count > most ? gettext("{name} takes at most {most}.", { name: control.name, most }) : "";
  },
  field(control, say) {
    const { max_usages: most = Infinity, leafs_only: leaves = false, placeholder } = control.options ?? {};
    const tree = new Tree({
      name: control.name,
      placeholder: placeholder || gettext("Find a class"),
      nodes: control.labels.map(({ value, guideline }) => ({ name: value, hint: guideline ?? "" })),
      leaves,
      picked(names, name) {
        const others = names.filter((one) => one !== name);
        // where one is taken, another takes its place
        const now = others.length < names.length ? others : [...(most === 1 ? [] : names), name];
        if (now.length <= most) say(now.map((one) => one.split(WITHIN)), false);
      },
    });
    return {
      element: tree.element,
      show: (said, editable, mixed) =>
        tree.show((/** @type {string[][]|null} */ (said) ?? []).map((path) => path.join(WITHIN)), editable, mixed),
    };
  },
};
