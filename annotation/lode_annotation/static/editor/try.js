// @ts-check
/** The page that tries a schema before it is saved: the editor on an item, and what would be submitted, as JSON. */

import { dialog } from "../lode/dialog.js";
import { find, h } from "../lode/dom.js";
import { gettext } from "../lode/words.js";
import { Editor } from "./editor.js";
import { toResultText } from "./model/convert.js";
import { OwnKeys } from "./own_keys.js";
import { beginning, picture, regionsOf } from "./task/loaded_task.js";
import { focusItem, showItem } from "./view/item.js";

/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./model/types.js").Payload} Payload */

/** @param {string} id of a json_script */
function island(id) {
  return document.getElementById(id)?.textContent ?? "null";
}

class TryPage {
  /** @param {Editor} editor @param {string} home */
  constructor(editor, home) {
    this.editor = editor;
    this.home = home;
    /** @type {Payload|null} */
    this.payload = null;
  }

  /** @returns {Command[]} */
  commands() {
    const group = gettext("Task");
    return [
      { id: "submit", title: gettext("What would be submitted"), group, keys: ["Enter", "Ctrl+Enter"], whileTyping: false, when: () => this.payload !== null, run: () => this.#submit() },
      { id: "leave", title: gettext("Leave"), group, keys: [], icon: "x", run: () => location.assign(this.home) },
      { id: "retry", title: gettext("Reload the item"), group, keys: [], run: () => void this.open(island("editor-task")) },
    ];
  }

  /** @param {string} text the item and the config, as the server wrote them */
  async open(text) {
    const { editor } = this;
    const payload = /** @type {Payload} */ (JSON.parse(text));
    const { picture: shown, fault } = await picture({ payload, page: 0 });
    const loaded = { ...beginning(payload, text, null), picture: shown, fault, page: 0 };
    editor.setControls(payload.config.controls, payload.media.kind);
    editor.store.load(regionsOf(loaded));
    showItem(editor, shown, payload.media);
    editor.pages.open(loaded);
    editor.root.dataset.face = fault ? "broken" : "task";
    editor.setEditable(!fault);
    editor.draw();
    this.payload = payload;
    editor.refresh();
    focusItem(editor);
  }

  #submit() {
    const { editor, payload } = this;
    editor.stage.cancel();
    const problem = editor.questions.problem();
    if (problem) return editor.questions.pointAt(problem);
    const result = JSON.parse(toResultText(editor.store.inOrder(), editor.controls, payload?.media ?? { width: 0, height: 0 }));
    const words = gettext("The result as Label Studio's JSON. It is not saved.");
    dialog(gettext("What would be submitted"), [h("p", {}, words), h("pre", { class: "ed-json", tabindex: 0 }, JSON.stringify(result, null, 2))], [{ title: gettext("Close"), run: () => {}, primary: true }]);
  }
}

const boot = JSON.parse(island("editor-boot"));
const editor = new Editor(find("[data-editor]"), new OwnKeys(`${boot.server}|${boot.user}`));
editor.guidance.from(boot.guidance);
const page = new TryPage(editor, boot.home);
editor.more = () => page.commands();
editor.begin();
if (island("editor-task") !== "null") void page.open(island("editor-task"));
