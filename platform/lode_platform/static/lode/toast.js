// @ts-check
// Short messages in a corner, with an undo.
import { csrfToken } from "./http.js";
import { icon } from "./icon.js";
import { gettext } from "./words.js";

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

/** @param {HTMLElement} line */
function leave(line) {
  const wait = line.querySelector("button") ? 8000 : 5000;
  let timer = setTimeout(() => line.remove(), wait);
  line.addEventListener("pointerenter", () => clearTimeout(timer));
  line.addEventListener("pointerleave", () => (timer = setTimeout(() => line.remove(), 2000)));
}

/**
 * @param {string} text
 * @param {{undo?: string | (() => void), kind?: "ok" | "danger"}} [options]
 * @returns {() => void} puts it away
 */
export function toast(text, { undo, kind = "ok" } = {}) {
  const line = document.createElement("div");
  line.className = kind === "danger" ? "toast-line toast-danger" : "toast-line";
  const words = document.createElement("span");
  words.textContent = text;
  line.append(icon(kind === "danger" ? "alert-circle" : "check"), words);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = gettext("Undo");
    button.addEventListener("click", () => {
      line.remove();
      if (typeof undo === "string") void undoAt(undo);
      else undo();
    });
    line.append(button);
  }
  holder().append(line);
  leave(line);
  return () => line.remove();
}

/** Takes up the toasts the server wrote into the page, and those htmx answers carry. */
export function startToasts() {
  for (const line of holder().querySelectorAll(".toast-line")) leave(/** @type {HTMLElement} */ (line));
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-undo]");
    if (button) void undoAt(button.getAttribute("data-undo") ?? "");
  });
  document.body.addEventListener("lode:toast", (event) => {
    const { text, undo, kind } = /** @type {CustomEvent} */ (event).detail;
    toast(text, { undo: undo || undefined, kind });
  });
}
