// @ts-check
/** The commands of the layer of pre-labels and of the list's filter. */

import { gettext } from "../lode/words.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./keymap.js").Command} Command */

/** @param {Editor} editor @returns {Command[]} */
export function prelabelCommands(editor) {
  const { acts, store, stage, prelabels } = editor;
  const group = gettext("Pre-labels");
  const isPending = (/** @type {string} */ key) => store.regions.get(key)?.pending === true;
  const some = () => stage.editable && (acts.offered().length > 0 || [...store.selection].some(isPending));
  const offered = () => stage.editable && acts.offered().length > 0;
  const keysOf = () => acts.offered().map((region) => region.key);
  return [
    { id: "region.accept", title: gettext("Accept the selected pre-label"), group, keys: ["a"], icon: "check", when: some, run: () => acts.acceptNext() },
    { id: "region.acceptAll", title: gettext("Accept the pre-labels shown"), group, keys: ["Shift+a"], icon: "checks", when: offered, run: () => acts.accept(keysOf()) },
    { id: "region.dismiss", title: gettext("Dismiss the selected pre-label"), group, keys: ["d"], when: some, run: () => acts.dismissNext() },
    { id: "region.dismissAll", title: gettext("Dismiss the pre-labels shown"), group, keys: ["Shift+Delete"], icon: "x", when: offered, run: () => acts.dismiss(keysOf()) },
    { id: "prelabels.more", title: gettext("Show pre-labels of lower scores too"), group, keys: ["PageDown"], repeat: true, run: () => prelabels.step(-1) },
    { id: "prelabels.fewer", title: gettext("Show pre-labels of higher scores only"), group, keys: ["PageUp"], repeat: true, run: () => prelabels.step(1) },
  ];
}

/** @param {Editor} editor @returns {Command[]} */
export function filterCommands(editor) {
  const group = gettext("Regions");
  return [
    { id: "filter", title: gettext("Filter the regions"), group, keys: ["/"], icon: "filter", active: () => editor.filter.active, run: () => editor.filter.open() },
  ];
}
