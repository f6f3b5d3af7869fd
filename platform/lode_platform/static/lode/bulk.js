// @ts-check
// How many items a bulk action is about to change: counted part by part, and only then can it be confirmed.

import { getJSON } from "./http.js";
import { gettext, ngettext } from "./words.js";

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-bulk]"));
const said = /** @type {HTMLElement | null} */ (document.querySelector("[data-count]"));

/** @param {number} count @param {boolean} more */
function words(count, more) {
  const shown = count.toLocaleString(document.documentElement.lang || undefined);
  const all = ngettext("{n} item", "{n} items", count).replace(String(count), shown);
  return more ? gettext("{items} so far, counting", { items: all }) : all;
}

/** @param {HTMLFormElement} form @param {HTMLElement} said */
async function count(form, said) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "csrfmiddlewaretoken") query.append(name, value);
  }
  let total = 0;
  for (;;) {
    const part = /** @type {{count: number, after: string | null}} */ (await getJSON(`${said.dataset.count}?${query}`));
    total += part.count;
    said.textContent = words(total, part.after !== null);
    if (part.after === null) break;
    query.set("after", part.after);
  }
  const button = form.querySelector("button[name=confirmed]");
  if (button instanceof HTMLButtonElement) button.disabled = total === 0;
}

if (form && said) {
  count(form, said).catch((/** @type {Error} */ error) => {
    said.textContent = error.message;
  });
}
