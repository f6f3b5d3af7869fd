// @ts-check
// The examples of a schema's form: added from items that a query finds, put in order, described, removed. Each is saved at once.

import { readPart } from "../editor/ui/guidance.js";
import { dialog } from "../lode/dialog.js";
import { find, h } from "../lode/dom.js";
import { call, HttpError, postJSON } from "../lode/http.js";
import { toast } from "../lode/toast.js";
import { gettext } from "../lode/words.js";

/** @typedef {{class_id: number, box: number[]|null, span: number[]|null, frame: number}} Part */
/** @typedef {{good: boolean, caption: string}} Said */

const LONGEST = 200;

/** What is said of an example: whether it counts, and its caption. @param {Said} said */
function saidFields({ good, caption }) {
  const yes = h("input", { type: "radio", class: "form-check-input", name: "good", checked: good });
  const no = h("input", { type: "radio", class: "form-check-input", name: "good", checked: !good });
  const words = h("input", { class: "form-control", maxlength: LONGEST, value: caption, "aria-label": gettext("Caption"), placeholder: gettext("Caption, such as “out of focus”") });
  const root = h("div", { class: "example-said" }, h("label", {}, yes, gettext("Counts")), h("label", {}, no, gettext("Does not count")), words);
  return { root, said: () => ({ good: yes.checked, caption: words.value }) };
}

class ExampleForm {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    root.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      const place = button?.closest("[data-example-class]");
      if (!button || !(place instanceof HTMLElement)) return;
      if (button.hasAttribute("data-example-add")) this.#choose(Number(place.dataset.exampleClass));
      else if (button.dataset.act) void this.#act(button.dataset.act, button, place);
    });
    if (root.dataset.item) this.#choose(0, root.dataset.item);
  }

  /** @returns {HTMLElement[]} one for each class */
  get places() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("[data-example-class]"))];
  }

  /** @param {string} act @param {HTMLElement} button @param {HTMLElement} place */
  async #act(act, button, place) {
    const row = button.closest("li");
    if (!row) return;
    const address = `${this.root.dataset.change}${row.dataset.row}`;
    const at = [...(row.parentElement?.children ?? [])].indexOf(row);
    if (act === "edit") return this.#edit(row, place, address);
    await this.#send(place, async () => {
      if (act === "remove") await call("DELETE", address);
      else await call("PATCH", address, JSON.stringify({ position: at + (act === "later" ? 1 : -1) }));
    });
    const again = this.root.querySelector(`[data-row="${row.dataset.row}"] [data-act="${act}"]:not([disabled])`) ?? place.querySelector("[data-example-add]");
    if (again instanceof HTMLElement) again.focus();
  }

  /** @param {HTMLElement} row @param {HTMLElement} place @param {string} address */
  #edit(row, place, address) {
    const fields = saidFields({ good: row.dataset.good === "true", caption: row.dataset.caption ?? "" });
    const save = () => void this.#send(place, () => call("PATCH", address, JSON.stringify(fields.said())));
    dialog(gettext("The example"), [fields.root], [
      { title: gettext("Save"), primary: true, run: save },
      { title: gettext("Cancel"), run: () => {} },
    ]);
  }

  /** Do it, and show what is there then. @param {HTMLElement} place @param {() => Promise<unknown>} act */
  async #send(place, act) {
    try {
      await act();
      const rows = await readPart(`${this.root.dataset.rows}?class=${place.dataset.exampleClass}`);
      place.querySelector("[data-examples]")?.replaceWith(rows);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      toast(error.message);
    }
  }

  /** @param {number} id of the class; 0 for one to be chosen @param {string} [item] */
  #choose(id, item) {
    const picker = new Picker(this.root.dataset.items ?? "");
    const classes = h("select", { class: "form-select", "aria-label": gettext("Class") }, ...this.places.map((place) => h("option", { value: place.dataset.exampleClass, selected: Number(place.dataset.exampleClass) === id }, place.dataset.name)));
    const fields = saidFields({ good: true, caption: "" });
    fields.root.prepend(classes);
    fields.root.hidden = true;
    const add = () => {
      const place = this.places.find((one) => one.dataset.exampleClass === classes.value);
      if (place) void this.#send(place, () => postJSON(this.root.dataset.add ?? "", { class_id: Number(classes.value), ...picker.chosen, ...fields.said() }));
    };
    const box = dialog(
      gettext("Add an example"),
      [h("div", { class: "example-step" }, picker.root, fields.root)],
      [{ title: gettext("Add"), primary: true, run: add }, { title: gettext("Cancel"), run: () => {} }],
      "example-dialog",
    );
    const button = /** @type {HTMLButtonElement} */ (find(".btn-primary", box));
    picker.onchoice = (part) => {
      fields.root.hidden = button.hidden = picker.item === "";
      if (part && !id && this.places.some((place) => Number(place.dataset.exampleClass) === part.class_id)) classes.value = String(part.class_id);
    };
    picker.onchoice(null);
    if (item) void picker.take(item);
    else void picker.search("");
    picker.field.focus();
  }
}

/** Chooses an item, and the part of it that is meant. */
class Picker {
  /** @param {string} url where items are found */
  constructor(url) {
    this.url = url;
    this.item = "";
    this.frame = 0;
    /** @type {Part[]} */
    this.parts = [];
    /** A rectangle that was drawn. @type {number[]|null} */
    this.drawn = null;
    /** @type {(part: Part|null) => void} */
    this.onchoice = () => {};
    this.field = h("input", { type: "search", class: "form-control", placeholder: gettext("Find items: a path, or a query such as class:RBC"), "aria-label": gettext("Find items") });
    this.results = h("div", { class: "example-results", "aria-live": "polite" });
    this.root = h("div", {}, this.field, this.results);
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      void this.search(this.field.value);
    });
    this.results.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      if (button?.dataset.choose) void this.take(button.dataset.choose);
      else if (button?.dataset.page) void this.take(this.item, button.dataset.page);
      else if (button?.dataset.following) void this.search(this.field.value, button.dataset.following);
    });
    this.results.addEventListener("change", () => this.onchoice(this.part));
  }

  /** @param {string} query @param {string} [following] where it goes on */
  async search(query, following = "") {
    this.item = "";
    this.onchoice(null);
    await this.#show(`${this.url}?${new URLSearchParams({ query })}${following && `&${following}`}`);
  }

  /** @param {string} item @param {string} [page] */
  async take(item, page = "1") {
    if (!(await this.#show(`${this.url}${item}/?page=${page}`))) return;
    this.item = item;
    this.drawn = null;
    this.parts = JSON.parse(this.results.querySelector("#example-parts")?.textContent ?? "[]");
    const whole = find("[data-whole]", this.results);
    this.frame = Number(whole.dataset.frame);
    const [width = 0, height = 0] = (whole.dataset.size ?? "").split(" ").map(Number);
    if (width && height) this.#draws(whole, width, height);
    this.onchoice(this.part);
    find("input[name=part]", this.results).focus();
  }

  /** @param {string} address @returns {Promise<boolean>} whether it came */
  async #show(address) {
    try {
      this.results.replaceChildren(await readPart(address));
      return true;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.results.replaceChildren(h("p", { class: "note note-warning" }, error.message));
      return false;
    }
  }

  /** The region that is meant, where it is one. @returns {Part|null} */
  get part() {
    const chosen = this.results.querySelector("input[name=part]:checked");
    return chosen instanceof HTMLInputElement ? (this.parts[Number(chosen.value)] ?? null) : null;
  }

  /** As an example is sent. */
  get chosen() {
    const { item, frame, part } = this;
    const way = this.results.querySelector("input[name=part]:checked");
    const drawn = way instanceof HTMLInputElement && way.value === "drawn" ? this.drawn : null;
    return { item, frame: part?.frame ?? frame, box: part?.box ?? drawn, span: part?.span ?? null };
  }

  /** A rectangle is dragged over the picture. @param {HTMLElement} whole @param {number} width @param {number} height in pixels of the picture */
  #draws(whole, width, height) {
    whole.classList.add("is-picture");
    whole.style.aspectRatio = `${width} / ${height}`;
    whole.style.maxWidth = `calc(46vh * ${width / height})`;
    const mark = h("div", { class: "example-rectangle", hidden: true });
    whole.append(mark);
    const way = /** @type {HTMLInputElement} */ (find('input[value="drawn"]', this.results));
    /** @type {{x: number, y: number}|null} */
    let from = null;
    const at = (/** @type {PointerEvent} */ event) => {
      const { left, top, width: across, height: down } = whole.getBoundingClientRect();
      const share = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
      return { x: share((event.clientX - left) / across), y: share((event.clientY - top) / down) };
    };
    whole.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      whole.setPointerCapture(event.pointerId);
      from = at(event);
    });
    whole.addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = at(event);
      const [x1, x2] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
      const [y1, y2] = [Math.min(from.y, to.y), Math.max(from.y, to.y)];
      this.drawn = [x1 * width, y1 * height, x2 * width, y2 * height];
      mark.hidden = way.disabled = false;
      way.checked = true;
      Object.assign(mark.style, { left: `${x1 * 100}%`, top: `${y1 * 100}%`, width: `${(x2 - x1) * 100}%`, height: `${(y2 - y1) * 100}%` });
    });
    const end = () => {
      from = null;
    };
    whole.addEventListener("pointerup", end);
    whole.addEventListener("pointercancel", end);
  }
}

for (const root of document.querySelectorAll("[data-example-form]")) {
  if (root instanceof HTMLElement) new ExampleForm(root);
}
