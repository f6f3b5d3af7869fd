// @ts-check
// Short messages in a corner, with an undo.
import { h } from "./dom.js";
import { csrfToken } from "./http.js";
import { icon } from "./icon.js";
import { gettext } from "./words.js";

/** Milliseconds. */
const WITH_UNDO = 8000;
const WITHOUT = 5000;

/** @returns {HTMLElement} */
function holder() {
  let found = /** @type {HTMLElement | null} */ (document.querySelector(".toasts"));
  if (!found) {
    found = document.createElement("div");
    found.className = "toasts";
    found.setAttribute("role", "status");
    document.body.append(found);
  }
  return found;
}

/**
 * Sends the undo and shows the page as it then is.
 * @param {string} url
 */
async function undoAt(url) {
  const response = await fetch(url, { method: "POST", headers: { "X-CSRFToken": csrfToken() } });
  if (response.ok) location.reload();
  else toast(gettext("This could not be undone."), { kind: "danger" });
}

/** @typedef {{title: string, run: () => void}} Act */
/** @typedef {"ok" | "note" | "warning" | "danger"} Kind */

const ICONS = { ok: "check", note: "info-circle", warning: "alert-triangle", danger: "alert-circle" };

/**
 * A message with what can be done about it; doing it puts the message away.
 * @param {string} text
 * @param {{kind?: Kind, acts?: readonly Act[], close?: () => void}} [options] `close`: it has a button that does this
 * @returns {HTMLElement}
 */
export function messageLine(text, { kind = "ok", acts = [], close } = {}) {
  const line = h("div", { class: `toast-line toast-${kind}` }, icon(ICONS[kind]), h("span", {}, text));
  const away = close ?? (() => line.remove());
  for (const act of acts) {
    const run = () => {
      away();
      act.run();
    };
    line.append(h("button", { type: "button", onclick: run }, act.title));
  }
  if (close) line.append(h("button", { type: "button", class: "toast-close", "aria-label": gettext("Close"), onclick: close }, icon("x")));
  return line;
}

/** Take a message away after a while, and not while the pointer is on it. @param {HTMLElement} line @param {number} wait milliseconds */
export function leave(line, wait) {
  let timer = setTimeout(() => line.remove(), wait);
  line.addEventListener("pointerenter", () => clearTimeout(timer));
  line.addEventListener("pointerleave", () => (timer = setTimeout(() => line.remove(), Math.min(wait, 2000))));
}

/**
 * @param {string} text
 * @param {{undo?: string | (() => void), kind?: Kind}} [options]
 * @returns {() => void} puts it away
 */
export function toast(text, { undo, kind = "ok" } = {}) {
  const run = () => (typeof undo === "string" ? void undoAt(undo) : undo?.());
  const line = messageLine(text, { kind, acts: undo ? [{ title: gettext("Undo"), run }] : [] });
  holder().append(line);
  leave(line, undo ? WITH_UNDO : WITHOUT);
  return () => line.remove();
}

/** Takes up the toasts the server wrote into the page, and those htmx answers carry. */
export function startToasts() {
  for (const line of holder().querySelectorAll(".toast-line")) leave(/** @type {HTMLElement} */ (line), line.querySelector("button") ? WITH_UNDO : WITHOUT);
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-undo]");
    if (button) void undoAt(button.getAttribute("data-undo") ?? "");
  });
  document.body.addEventListener("lode:toast", (event) => {
    const { text, undo, kind } = /** @type {CustomEvent} */ (event).detail;
    toast(text, { undo: undo || undefined, kind });
  });
}
