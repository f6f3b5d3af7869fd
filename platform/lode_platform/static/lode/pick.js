// @ts-check
// Picking items in the grid: x picks the one at hand, Shift-click picks a row of them.
import { keys } from "./keys.js";
import { gettext } from "./words.js";

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-pick]"));
const none = /** @type {HTMLElement | null} */ (document.querySelector("[data-pick-none]"));
const some = /** @type {HTMLElement | null} */ (document.querySelector("[data-pick-some]"));
const count = document.querySelector("[data-pick-count]");

/** @returns {HTMLInputElement[]} */
function checks() {
  return form ? [...form.querySelectorAll(".tile-check")].filter((one) => one instanceof HTMLInputElement) : [];
}

function show() {
  const picked = checks().filter((check) => check.checked).length;
  form?.classList.toggle("is-picking", picked > 0);
  if (none) none.hidden = picked > 0;
  if (some) some.hidden = picked === 0;
  if (count) count.textContent = String(picked);
}

let last = -1;
form?.addEventListener("click", (event) => {
  if (!(event.target instanceof HTMLInputElement)) return;
  const all = checks();
  const at = all.indexOf(event.target);
  if (event.shiftKey && last >= 0) {
    for (let i = Math.min(at, last); i <= Math.max(at, last); i += 1) {
      const check = all[i];
      if (check) check.checked = event.target.checked;
    }
  }
  last = at;
  show();
});

keys(gettext("Select"), [
  {
    key: "x",
    title: gettext("Select or deselect this one"),
    run: () => {
      const check = document.querySelector(".is-at .tile-check");
      if (check instanceof HTMLInputElement) check.checked = !check.checked;
      show();
    },
  },
  {
    key: "Ctrl+a",
    title: gettext("Select all on this page"),
    run: () => {
      const all = checks();
      const every = all.every((check) => check.checked);
      for (const check of all) check.checked = !every;
      show();
    },
  },
]);
show();
