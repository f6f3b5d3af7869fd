// @ts-check
// Verdicts on matches: shown at once, sent in order, taken back with undo.
import { HttpError, postJSON } from "../lode/http.js";
import { toast } from "../lode/toast.js";
import { address, boot, part } from "./boot.js";

/** @typedef {import("./boot.js").Match} Match */
/** @typedef {{index: number, before: string}[]} Step the matches judged at once, with the verdict that each had */

export class Verdicts {
  /**
   * @param {(Match | undefined)[]} matches
   * @param {{changed: (indexes: number[]) => void, go: (index: number) => void}} page `changed`: these matches are to be
   * shown again
   */
  constructor(matches, page) {
    this.matches = matches;
    this.page = page;
    this.judged = boot.judged;
    /** @type {Step[]} */
    this.done = [];
    /** What is on its way: what takes one back waits until it has arrived. */
    this.sending = Promise.resolve();
    /** Puts the toast away that offers to undo what was undone. @type {(() => void) | null} */
    this.takenBack = null;
    this.facetsAsked = 0;
  }

  /**
   * Gives a verdict.
   * @param {number[]} indexes of matches that are failures
   * @param {string} kind
   * @param {boolean} many whether they were selected together
   */
  async give(indexes, kind, many) {
    const step = indexes.map((index) => ({ index, before: this.matches[index]?.verdict ?? "" }));
    this.done.push(step);
    for (const { index } of step) this.#set(index, kind);
    await this.#send(step, () => kind);
    if (many && this.done.includes(step)) {
      this.takenBack = toast(boot.words.judged_many.replace("%d", String(step.length)), { undo: () => void this.undo() });
    }
  }

  /** Takes the last verdict back. */
  async undo() {
    const step = this.done.pop();
    if (!step) return;
    this.takenBack?.();
    this.takenBack = null;
    for (const { index, before } of step) this.#set(index, before);
    this.page.go(step[0].index);
    await this.#send(step, ({ before }) => before || "withdrawn");
  }

  /** How often each verdict was given here and still stands. @returns {Record<string, number>} */
  counts() {
    const counts = /** @type {Record<string, number>} */ ({});
    for (const { index } of this.done.flat()) {
      const verdict = this.matches[index]?.verdict;
      if (verdict) counts[verdict] = (counts[verdict] ?? 0) + 1;
    }
    return counts;
  }

  /**
   * @param {Step} step
   * @param {(change: Step[number]) => string} kindOf
   */
  #send(step, kindOf) {
    this.sending = this.sending.then(() => this.#post(step, kindOf));
    return this.sending;
  }

  /**
   * @param {Step} step
   * @param {(change: Step[number]) => string} kindOf
   */
  async #post(step, kindOf) {
    const answers = await Promise.allSettled(
      step.map((change) => {
        const match = /** @type {Match} */ (this.matches[change.index]);
        const body = { kind: kindOf(change), evaluation: boot.evaluation, row: rowOf(match) };
        return postJSON(address("verdict", match.failure ?? ""), body, { keepalive: true });
      }),
    );
    answers.forEach((answer, place) => {
      if (answer.status === "fulfilled") {
        this.recorded(step[place].index, answer.value.failure);
        return;
      }
      this.#set(step[place].index, step[place].before);
      const reason = answer.reason instanceof HttpError ? answer.reason.message : boot.words.not_sent;
      toast(reason, { kind: "danger" });
    });
    void this.#refreshFacets();
  }

  /** Puts failures on record that are not yet, without a verdict. @param {number[]} indexes */
  async record(indexes) {
    const fresh = indexes.filter((index) => !this.matches[index]?.recorded);
    if (!fresh.length) return;
    const named = fresh.map((index) => /** @type {Match} */ (this.matches[index]));
    const body = { evaluation: boot.evaluation, matches: named.map((match) => ({ failure: match.failure, row: rowOf(match) })) };
    const answer = await postJSON(boot.urls.record, body);
    fresh.forEach((index, place) => this.recorded(index, answer.failures[place]));
  }

  /**
   * The failure of a match is on record now, perhaps as an earlier one that it continues.
   * @param {number} index
   * @param {string} failure
   */
  recorded(index, failure) {
    const before = this.matches[index]?.failure;
    for (const other of this.matches) {
      if (other && other.failure === before) Object.assign(other, { failure, recorded: true });
    }
    this.page.changed([index]);
  }

  /**
   * @param {number} index
   * @param {string} kind "" for none
   */
  #set(index, kind) {
    const match = this.matches[index];
    if (!match) return;
    // A truth missed and its explanation are one failure: every match of it carries the verdict.
    const same = this.matches.flatMap((other, place) => (other && other.failure === match.failure ? [place] : []));
    for (const place of same) {
      const other = /** @type {Match} */ (this.matches[place]);
      this.judged += Number(kind !== "") - Number(other.verdict !== "");
      other.verdict = kind;
    }
    this.drawProgress();
    this.page.changed(same);
  }

  drawProgress() {
    const bar = /** @type {HTMLProgressElement | null} */ (document.querySelector("[data-progress] progress"));
    if (bar) bar.value = Math.max(0, Math.min(this.judged, boot.count));
    part("judged").textContent = String(Math.max(0, this.judged));
  }

  /** The facets on the left as they are after verdicts: the newest answer counts. */
  async #refreshFacets() {
    const mine = (this.facetsAsked += 1);
    const answer = await fetch(boot.urls.facets, { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
    if (!answer?.ok || mine !== this.facetsAsked) return;
    const lines = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    const holder = part("facets");
    const open = new Set([...holder.querySelectorAll("details[open]")].map((each) => facetOf(each)));
    for (const each of lines.querySelectorAll("details")) each.open ||= open.has(facetOf(each));
    holder.replaceChildren(...lines.childNodes);
  }
}

/** @param {Element} inside @returns {string} */
function facetOf(inside) {
  return inside.closest("[data-facet]")?.getAttribute("data-facet") ?? "";
}

/**
 * @param {Match} match
 * @returns {number | null} its row in the evaluation that verdicts are given on; null for what only belongs to a failure
 */
function rowOf(match) {
  if (match.state === "tp" || match.kind === "explained") return null;
  return match.row < 0 ? -1 - match.row : match.row;
}
