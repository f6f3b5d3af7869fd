// @ts-check
// A task's page: what an answer is compared with is shown by its line under the picture, or by its key.
import { keyName } from "../lode/keyboard.js";
import { keys } from "../lode/keys.js";
import { h } from "../lode/dom.js";
import { gettext } from "../lode/words.js";

const lines = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-layer]"));

/** Show or hide a layer of all the answers. @param {string} layer */
function toggle(layer) {
  const own = [...lines].filter((line) => line.dataset.layer === layer);
  const shown = own[0]?.getAttribute("aria-pressed") !== "true";
  for (const line of own) line.setAttribute("aria-pressed", String(shown));
  for (const picture of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".compared"))) {
    const off = new Set(picture.dataset.off?.split(" "));
    if (shown) off.delete(layer);
    else off.add(layer);
    picture.dataset.off = [...off].join(" ");
  }
}

/** The lines by their layer: answers have the same ones. @type {Map<string, HTMLElement>} */
const layers = new Map();
for (const line of lines) {
  const layer = line.dataset.layer ?? "";
  layers.set(layer, line);
  line.append(" ", h("kbd", { "aria-hidden": "true" }, keyName(line.dataset.key ?? "")));
  line.addEventListener("click", () => toggle(layer));
}
keys(
  gettext("Layers"),
  [...layers].map(([layer, line]) => ({
    key: line.dataset.key ?? "",
    title: line.querySelector(".meaning")?.firstChild?.textContent?.trim() ?? "",
    run: () => toggle(layer),
  })),
);
