// @ts-check
// j and k through the rows or tiles of a `data-list`, Enter opens.
import { keys } from "./keys.js";
import { gettext } from "./words.js";

/** @returns {HTMLElement[]} */
function rows() {
  const list = document.querySelector("[data-list]");
  if (!list) return [];
  return /** @type {HTMLElement[]} */ ([...list.children]).filter((row) => row.querySelector("a") || row.matches("a"));
}

/** @param {number} step */
function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("is-at"));
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
  all[at]?.classList.remove("is-at");
  const row = all[next];
  if (!row) return;
  row.classList.add("is-at");
  row.scrollIntoView({ block: "nearest" });
  const link = /** @type {HTMLElement | null} */ (row.matches("a") ? row : row.querySelector(".row-link, a"));
  link?.focus({ preventScroll: true });
}

/** Binds the keys if the page has a list. */
export function startLists() {
  if (!document.querySelector("[data-list]")) return;
  keys(gettext("List"), [
    { key: "j", title: gettext("Next"), run: () => move(1) },
    { key: "k", title: gettext("Previous"), run: () => move(-1) },
    {
      key: "o",
      shown: "Enter",
      title: gettext("Open"),
      run: () => {
        const row = rows().find((one) => one.classList.contains("is-at"));
        const link = /** @type {HTMLElement | null | undefined} */ (row?.matches("a") ? row : row?.querySelector(".row-link, a"));
        link?.click();
      },
    },
  ]);
}
