// @ts-check
// Dialogs that a script opens to ask what to do.
import { h } from "./dom.js";

/** @typedef {{title: string, run: () => void, primary?: boolean, danger?: boolean}} Choice */

/**
 * Ask. Escape chooses nothing; the last choice is then still open to the caller's own button.
 * @param {string} title
 * @param {(Node|string)[]} body
 * @param {Choice[]} choices
 * @param {string} [css]
 * @returns {HTMLDialogElement}
 */
export function dialog(title, body, choices, css = "") {
  const buttons = choices.map((choice) => {
    const kind = choice.primary ? "btn btn-primary" : choice.danger ? "btn btn-danger" : "btn";
    const button = h("button", { type: "button", class: kind }, choice.title);
    button.addEventListener("click", () => {
      box.close();
      choice.run();
    });
    return button;
  });
  const box = h(
    "dialog",
    { class: css || undefined, "aria-label": title },
    h("h2", {}, title),
    h("div", {}, ...body),
    h("footer", { class: "dialog-end" }, ...buttons),
  );
  box.addEventListener("close", () => box.remove());
  box.addEventListener("keydown", (event) => event.stopPropagation());
  document.body.append(box);
  box.showModal();
  (buttons.find((button) => button.classList.contains("btn-primary")) ?? buttons[0])?.focus();
  box.scrollTop = 0; // one that is taller than the window is read from its beginning
  return box;
}
