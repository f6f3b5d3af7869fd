// @ts-check
/**
 * Reading and marking texts: the document, its search and their commands.
 *
 * No module imports this one; the media that are read do when the first of them is loaded, so that who labels pictures
 * never fetches it.
 */

import { fitsText, textCommands } from "./commands.js";
import { TextDocument } from "./document.js";
import { TextSearch } from "./search.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../keymap.js").Command} Command */

export class Texts {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.document = new TextDocument(editor);
    this.search = new TextSearch(editor, this.document);
  }

  /** Show a text; "" for none. @param {string} text */
  show(text) {
    this.document.show(text);
    this.search.reset();
  }

  /** What can be done to a text, of all commands and its own. @param {Command[]} all @returns {Command[]} */
  commands(all) {
    return [...textCommands(this), ...all.filter((command) => fitsText(command, this.editor.marking))];
  }
}
