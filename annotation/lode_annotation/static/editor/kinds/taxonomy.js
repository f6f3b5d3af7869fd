// @ts-check
/** Classes of a tree, found by keys or by searching. What is said is a list of paths of names. */

import { gettext } from "../../lode/words.js";
import { Tree, WITHIN } from "../ui/tree.js";

/**
 * What is said after one was picked: what was picked before is taken back, and where one is taken another takes its place.
 * @param {readonly string[][]|null} had
 * @param {readonly string[]} path
 * @param {number} most
 */
function withPicked(had, path, most) {
  const paths = had ?? [];
  const others = paths.filter((one) => one.join(WITHIN) !== path.join(WITHIN));
  if (others.length < paths.length) return others;
  const now = [...(most === 1 ? [] : paths), [...path]];
  return now.length <= most ? now : had;
}

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
      picked: (name) => say((had) => withPicked(had, name.split(WITHIN), most), false),
    });
    return {
      element: tree.element,
      show: (said, editable, mixed) =>
        tree.show((/** @type {string[][]|null} */ (said) ?? []).map((path) => path.join(WITHIN)), editable, mixed),
    };
  },
};
