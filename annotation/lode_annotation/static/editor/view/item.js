// @ts-check
/** An item on the page: an image on the stage, a text in the document beside it. */

import { find } from "../../lode/dom.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../media/index.js").Shown} Shown */
/** @typedef {import("../model/types.js").Media} Media */

const NOTHING = { width: 1, height: 1 };

/**
 * @param {Editor} editor
 * @param {Shown|null} shown null where there is none yet
 * @param {Media} media
 * @param {string} [queue] for which a window was chosen
 */
export function showItem(editor, shown, media, queue = "") {
  const size = media.width && media.height ? { width: media.width, height: media.height } : NOTHING;
  editor.stage.show(shown?.source ?? null, shown?.source ? shown.size : size, size);
  editor.levels.show(shown?.grey ?? null, queue);
  if (shown?.Texts && !editor.texts) {
    editor.texts = new shown.Texts(editor);
    editor.setCommands();
    editor.refresh();
  }
  editor.texts?.show(shown?.text ?? "");
  editor.questions.entries = shown?.entries ?? [];
}

/** Another page of the picture, seen as the one before. @param {Editor} editor @param {Shown} shown @param {string} queue for which a window was chosen */
export function showPage(editor, shown, queue) {
  editor.stage.scene.setPicture(shown.source, shown.size);
  editor.levels.show(shown.grey ?? null, queue);
}

/** Give the keys to what is shown: a text scrolls by them. @param {Editor} editor */
export function focusItem(editor) {
  const place = editor.medium.isPicture ? editor.stage.root : find("[data-document]", editor.root);
  place.focus({ preventScroll: true });
}
