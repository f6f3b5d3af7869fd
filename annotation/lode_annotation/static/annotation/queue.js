// @ts-check
// A queue's page: tasks are selected, and a bar says what is done to them.
import { keys } from "../lode/keys.js";
import { gettext } from "../lode/words.js";

const bar = /** @type {HTMLFormElement|null} */ (document.getElementById("bulk"));
const boxes = () => /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('input[name="task"][form="bulk"]')]);
const whole = /** @type {HTMLInputElement|null} */ (document.querySelector("[data-tasks-all]"));
const every = /** @type {HTMLInputElement|null} */ (bar?.querySelector('input[name="all"]') ?? null);

/** The box pressed last, from which Shift selects a range. @type {HTMLInputElement|null} */
let last = null;

function show() {
  if (!bar) return;
  const count = boxes().filter((box) => box.checked).length;
  bar.hidden = count === 0;
  if (!count && every) every.checked = false;
  const said = bar.querySelector("[data-tasks-count]");
  if (said) said.textContent = String(count);
  if (whole) {
    whole.checked = count > 0 && count === boxes().length;
    whole.indeterminate = count > 0 && !whole.checked;
  }
}

/** @param {boolean} on */
function selectPage(on) {
  for (const box of boxes()) box.checked = on;
  show();
}

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.name !== "task") return;
  const all = boxes();
  if (event.shiftKey && last) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const one of all.slice(from, to + 1)) one.checked = box.checked;
  }
  last = box;
  show();
});
whole?.addEventListener("change", () => selectPage(whole.checked));
if (bar) keys(gettext("Tasks"), [{ key: "Escape", title: gettext("Clear the selection"), run: () => selectPage(false) }]);
show();
