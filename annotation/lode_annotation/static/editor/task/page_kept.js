// @ts-check
/** The page of a picture that a task was left at, for a reload of its tab. */

/** @typedef {import("../model/types.js").Payload} Payload */

const NAME = "lode page";

/** @param {string} task @param {number} page */
export function keepPage(task, page) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify({ task, page }));
  } catch {
    // The task opens at its first page then.
  }
}

/** The page to begin with, from 0 on: the one it was left at, else that of what caused the task, else the first. @param {Payload} payload */
export function pageToBegin({ task, media }) {
  const last = (media.pages ?? 1) - 1;
  const page = keptOf(task.id) ?? task.reason?.page ?? 0;
  return Number.isInteger(page) && page >= 0 ? Math.min(page, last) : 0;
}

/** @param {string} task @returns {number|null} */
function keptOf(task) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
    return kept?.task === task ? kept.page : null;
  } catch {
    return null;
  }
}
