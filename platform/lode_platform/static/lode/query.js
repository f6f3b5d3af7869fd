// @ts-check
// The query bar: while one writes it says how many items match or what is wrong, and offers fields and values.

import { h } from "./dom.js";
import { gettext, ngettext } from "./words.js";

const WAIT = 180;

/** @typedef {{insert: string, from: number, name: string, title: string}} Offer `from`: where in the query it is put */
/** @typedef {{count: number|null, more: boolean, error: string|null, at: [number, number]|null, offers: Offer[]}} Said */

/** How many items match, in words. @param {number} count @param {boolean} more */
function found(count, more) {
  const shown = count.toLocaleString(document.documentElement.lang || undefined);
  const words = ngettext("{n} item matches", "{n} items match", count).replace(String(count), shown);
  return more ? gettext("at least {items}", { items: words }) : words;
}

class QueryBar {
  /** @param {HTMLInputElement} field @param {HTMLElement} panel */
  constructor(field, panel) {
    this.field = field;
    this.panel = panel;
    this.said = /** @type {HTMLElement} */ (panel.querySelector("[role=status]"));
    this.list = /** @type {HTMLElement} */ (panel.querySelector("[role=listbox]"));
    /** @type {Offer[]} */
    this.offers = [];
    this.chosen = -1;
    this.timer = 0;
    this.turn = 0;
    field.addEventListener("input", () => {
      this.offers = []; // what is in sight was offered for another text
      this.#choose(-1);
      this.#soon();
    });
    field.addEventListener("focus", () => this.#soon());
    field.addEventListener("blur", () => this.#open(false));
    field.addEventListener("keydown", (event) => this.#key(event));
  }

  #soon() {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.#ask(), WAIT);
  }

  async #ask() {
    const { field } = this;
    const mine = ++this.turn;
    const asked = { query: field.value, at: String(field.selectionStart ?? field.value.length) };
    const response = await fetch(`${field.dataset.query}?${new URLSearchParams(asked)}`).catch(() => null);
    if (mine !== this.turn || !response?.ok) return;
    const answer = /** @type {Said} */ (await response.json());
    if (mine !== this.turn) return;
    this.#show(answer);
    field.dataset.answered = asked.query;
  }

  /** @param {Said} answer */
  #show(answer) {
    const { field, said } = this;
    this.offers = answer.offers;
    this.list.replaceChildren(...answer.offers.map((offer, n) => this.#row(offer, n)));
    if (answer.error && answer.at) said.replaceChildren(h("u", {}, field.value.slice(...answer.at)), ` ${answer.error}`);
    else said.textContent = answer.count === null ? "" : found(answer.count, answer.more);
    this.#choose(-1);
    this.#open(document.activeElement === field && (this.offers.length > 0 || said.textContent !== ""));
  }

  /** @param {Offer} offer @param {number} n */
  #row(offer, n) {
    const pick = (/** @type {MouseEvent} */ event) => {
      event.preventDefault(); // the field keeps the caret
      if (this.offers.includes(offer)) this.#take(offer);
    };
    const said = { class: "query-offer", role: "option", id: `query-offer-${n}`, "aria-selected": "false", onmousedown: pick };
    return h("span", said, h("b", {}, offer.name), h("small", {}, offer.title));
  }

  /** @param {boolean} is */
  #open(is) {
    this.panel.hidden = !is;
    this.field.setAttribute("aria-expanded", String(is && this.offers.length > 0));
    if (!is) this.#choose(-1);
  }

  /** @param {number} at */
  #choose(at) {
    this.chosen = at;
    [...this.list.children].forEach((row, n) => row.setAttribute("aria-selected", String(n === at)));
    if (at < 0) this.field.removeAttribute("aria-activedescendant");
    else this.field.setAttribute("aria-activedescendant", `query-offer-${at}`);
  }

  /** @param {Offer} offer */
  #take(offer) {
    const { field } = this;
    field.setRangeText(offer.insert, offer.from, field.selectionStart ?? field.value.length, "end");
    void this.#ask();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.panel.hidden) return;
    const { offers, chosen } = this;
    const offer = offers[chosen];
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#open(false);
    } else if (event.key === "ArrowDown" && offers.length) {
      this.#choose((chosen + 1) % offers.length);
    } else if (event.key === "ArrowUp" && offers.length) {
      this.#choose(chosen <= 0 ? offers.length - 1 : chosen - 1);
    } else if ((event.key === "Enter" || event.key === "Tab") && offer) {
      this.#take(offer);
    } else {
      return;
    }
    event.preventDefault();
  }
}

for (const field of document.querySelectorAll("input[data-query]")) {
  const panel = field.parentElement?.querySelector(".query-panel");
  if (field instanceof HTMLInputElement && panel instanceof HTMLElement) new QueryBar(field, panel);
}
