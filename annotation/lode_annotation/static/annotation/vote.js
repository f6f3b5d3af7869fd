// @ts-check
// The page of micro-tasks: one question after the other, the next two there before they are asked for.
import { Leases } from "../editor/task/lease.js";
import { find } from "../lode/dom.js";
import { HttpError, postJSON } from "../lode/http.js";
import { keys } from "../lode/keys.js";
import { toast } from "../lode/toast.js";
import { uuid } from "../lode/uuid.js";
import { gettext, ngettext } from "../lode/words.js";
import { cardOf } from "./vote_card.js";

/** @typedef {import("./vote_card.js").Question} Question */
/** @typedef {"yes" | "no" | "unsure"} Answer */
/** @typedef {{next: string, vote: string, undo: string, lease: string, thumb: string, left: number}} Boot addresses have `{task}` or `{item}` */
/** @typedef {{question: Question, card: HTMLElement}} Held */

/** So many questions are there beside the one that is shown. */
const AHEAD = 2;
/** Milliseconds until a vote that the server did not get is sent again. */
const AGAIN = 3000;

const boot = /** @type {Boot} */ (JSON.parse(find("#vote-boot").textContent ?? "{}"));
const page = find("[data-vote]");
const stage = find("[data-stage]");
const words = find("[data-question]");
const why = find("[data-reason]");
const guide = find("[data-guide]");
const progress = /** @type {HTMLProgressElement} */ (find("[data-progress]"));
const count = find("[data-count]");
const undoButton = /** @type {HTMLButtonElement} */ (find("[data-undo-vote]"));
const wholeButton = /** @type {HTMLButtonElement} */ (find("[data-whole]"));

const leases = new Leases((task) => boot.lease.replace("{task}", task));
/** What is in hand, the one that is shown first. @type {Held[]} */
let hand = [];
/** The questions voted on, the last one last. @type {Question[]} */
const voted = [];
/** The tasks whose votes the server has not confirmed. @type {Set<string>} */
const pending = new Set();
let exhausted = false;
let filling = false;
let since = 0;
/** Votes and undos go out one after the other. @type {Promise<void>} */
let line = Promise.resolve();
let waiting = 0;

/** The tasks that the server is not to give again. */
const holding = () => [...hand.map((one) => one.question.task.id), ...pending];

/** @param {Question} question @returns {Held} */
function held(question) {
  const card = cardOf(question, boot.thumb);
  card.hidden = true;
  stage.append(card);
  leases.hold(question.task.id, question.lease);
  return { question, card };
}

/** @param {Question | null} question */
function take(question) {
  if (question && !holding().includes(question.task.id)) hand.push(held(question));
}

/** @param {Held} one */
function drop({ question, card }) {
  leases.drop(question.task.id);
  card.remove();
}

function show() {
  const first = hand[0];
  page.dataset.face = first ? "question" : exhausted ? "finished" : "waiting";
  undoButton.disabled = voted.length === 0;
  progress.max = Math.max(1, boot.left, voted.length);
  progress.value = voted.length;
  count.textContent = ngettext("{n} answered", "{n} answered", voted.length);
  if (!first || !first.card.hidden) return;
  for (const { card } of hand) card.hidden = card !== first.card;
  const { question, task } = first.question;
  words.textContent = question.text;
  why.textContent = String(task.reason.text ?? "");
  guide.hidden = !question.guideline;
  guide.removeAttribute("open");
  find("[data-guide-words]", guide).textContent = question.guideline;
  wholeButton.setAttribute("aria-pressed", "false");
  page.dataset.shown = task.id;
  since = performance.now();
}

/** Asks for questions until enough are in hand. */
async function fill() {
  if (filling) return;
  filling = true;
  try {
    while (!exhausted && hand.length <= AHEAD) {
      const question = await postJSON(boot.next, { holding: holding() });
      if (question) take(question);
      else exhausted = true;
      show();
    }
  } catch (error) {
    said(error);
    setTimeout(() => void fill(), AGAIN);
  } finally {
    filling = false;
  }
}

/** @param {unknown} error */
function said(error) {
  if (error instanceof HttpError) toast(error.message, { kind: error.fault === "conflict" ? "note" : "danger" });
  else throw error;
}

/**
 * Sends until the server has answered: what it did not get goes again under the same operation.
 * @param {() => Promise<void>} send
 */
function queued(send) {
  waiting++;
  if (page.dataset.sent === "all") page.dataset.sent = "sending";
  line = line.then(async () => {
    for (;;) {
      try {
        await send();
        break;
      } catch (error) {
        if (!(error instanceof HttpError) || !error.passing) {
          said(error);
          break;
        }
        page.dataset.sent = "waiting";
        await new Promise((done) => setTimeout(done, AGAIN));
      }
    }
    waiting--;
    page.dataset.sent = waiting ? "sending" : "all";
    show();
    void fill();
  });
}

/** Whether it is of no use to send the same again. @param {unknown} error */
const refused = (error) => !(error instanceof HttpError) || !error.passing;

/** @param {Answer} answer */
function answer(answer) {
  const first = hand.shift();
  if (!first) return;
  const { question } = first;
  const { id } = question.task;
  const operation = uuid();
  const seconds = Math.round(performance.now() - since) / 1000;
  drop(first);
  pending.add(id);
  voted.push(question);
  show();
  queued(async () => {
    const body = { answer, operation_id: operation, seconds, next: !exhausted && hand.length <= AHEAD, holding: holding() };
    try {
      const { next } = await postJSON(boot.vote.replace("{task}", id), body);
      pending.delete(id);
      take(next);
    } catch (error) {
      if (refused(error)) {
        pending.delete(id);
        voted.splice(voted.lastIndexOf(question), 1);
      }
      throw error;
    }
  });
}

/** The question is there again at once; the server hears of it in its turn. */
function undo() {
  const question = voted.pop();
  if (!question) return;
  const { id } = question.task;
  const operation = uuid();
  const shown = hand[0];
  if (shown) shown.card.hidden = true;
  hand.unshift(held(question));
  show();
  queued(async () => {
    try {
      const data = await postJSON(boot.undo.replace("{task}", id), { operation_id: operation });
      if (data.question && hand.some((one) => one.question.task.id === id)) leases.hold(id, data.question.lease);
    } catch (error) {
      if (refused(error)) putAway(id);
      throw error;
    }
  });
}

/** @param {string} task */
function putAway(task) {
  const gone = hand.filter((one) => one.question.task.id === task);
  hand = hand.filter((one) => !gone.includes(one));
  gone.forEach(drop);
}

function whole() {
  const first = hand[0];
  if (!first) return;
  const on = first.card.toggleAttribute("data-all");
  wholeButton.setAttribute("aria-pressed", String(on));
}

leases.addEventListener("lost", (event) => {
  putAway(/** @type {CustomEvent<string>} */ (event).detail);
  show();
  void fill();
});

page.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const button = target.closest("[data-answer]");
  if (button) answer(/** @type {Answer} */ (button.getAttribute("data-answer")));
  else if (target.closest("[data-undo-vote]")) undo();
  else if (target.closest("[data-whole], [data-stage]")) whole();
  else if (target.closest("[data-look]")) {
    exhausted = false;
    show();
    void fill();
  }
});

keys(gettext("Micro-tasks"), [
  { key: "1", title: gettext("Yes"), repeat: false, run: () => answer("yes") },
  { key: "2", title: gettext("No"), repeat: false, run: () => answer("no") },
  { key: "3", title: gettext("Unsure"), repeat: false, run: () => answer("unsure") },
  { key: "z", title: gettext("Take the last answer back"), repeat: false, run: undo },
  { key: "w", title: gettext("The whole item"), run: whole },
]);

addEventListener("beforeunload", (event) => {
  if (waiting) event.preventDefault();
});
addEventListener("pagehide", () => {
  for (const { question } of hand) leases.giveBack(question.task.id);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

show();
void fill();
