// @ts-check
// The pairs of a difference: b lays the sides on one another and swaps them, Enter opens a pair under a slider.
import { keys } from "../lode/keys.js";
import { gettext } from "../lode/words.js";

const grid = /** @type {HTMLElement | null} */ (document.querySelector("[data-pairs]"));
const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("pair-dialog"));
const view = /** @type {HTMLElement | null} */ (document.querySelector("[data-slider-view]"));
const range = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-slider]"));
const title = document.querySelector("[data-pair-title]");
let opened = -1;

/** First press: blink from here on; each next one swaps the sides; Shift+B lays them side by side again. */
function blink() {
  if (!grid) return;
  const before = grid.classList.contains("shows-before");
  grid.classList.add("is-blinking");
  grid.classList.toggle("shows-before", !before);
  grid.classList.toggle("shows-after", before);
  if (range && dialog?.open) {
    range.value = Number(range.value) > 50 ? "0" : "100";
    cut();
  }
}

function apart() {
  grid?.classList.remove("is-blinking", "shows-before", "shows-after");
}

function cut() {
  if (view && range) view.style.setProperty("--cut", `${range.value}%`);
}

/** @returns {HTMLElement[]} */
function pairs() {
  return grid ? /** @type {HTMLElement[]} */ ([...grid.querySelectorAll(".pair")]) : [];
}

/** @param {number} at */
function open(at) {
  const pair = pairs()[at];
  if (!pair || !dialog || !view) return;
  opened = at;
  const sides = /** @type {const} */ (["before", "after"]).map((side) => {
    const drawn = pair.querySelector(`.pair-side-${side} lode-picture`);
    const copy = drawn ? drawn.cloneNode(true) : document.createElement("div");
    const holder = document.createElement("div");
    holder.className = `slider-${side}`;
    holder.append(copy);
    return holder;
  });
  const line = document.createElement("div");
  line.className = "slider-line";
  view.replaceChildren(...sides, line);
  if (title) title.textContent = pair.dataset.path ?? "";
  cut();
  if (!dialog.open) dialog.showModal();
}

range?.addEventListener("input", cut);
grid?.addEventListener("click", (event) => {
  const sides = /** @type {Element} */ (event.target).closest(".pair-sides");
  const pair = sides?.closest(".pair");
  if (pair) open(pairs().indexOf(/** @type {HTMLElement} */ (pair)));
});
dialog?.addEventListener("keydown", (event) => {
  if (event.key === "j") open(Math.min(pairs().length - 1, opened + 1));
  else if (event.key === "k") open(Math.max(0, opened - 1));
  else if (event.key === "b") blink();
  else return;
  event.preventDefault();
});

if (grid) {
  keys(grid.dataset.title ?? gettext("List"), [
    { key: "b", title: grid.dataset.blink ?? "Blink", run: blink },
    { key: "Shift+B", title: grid.dataset.apart ?? "Side by side", run: apart },
  ]);
}
