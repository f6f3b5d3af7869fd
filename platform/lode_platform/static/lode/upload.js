// @ts-check
// Sends images, or texts, in small batches, says how far it is, and lists what was refused with the reason.
import { call } from "./http.js";
import { mediumOfFile } from "./media/index.js";
import { toast } from "./toast.js";
import { gettext } from "./words.js";

/** @typedef {{file: File, path: string}} Upload */

const BATCH_FILES = 24;
const BATCH_BYTES = 24 * 1024 * 1024;
const ZIP = /\.zip$/i;

const drop = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-upload]"));
/** @param {string} name */
const part = (name) => /** @type {HTMLElement | null} */ (document.querySelector(`[data-upload-${name}]`));

const totals = { sent: 0, all: 0, created: 0, existing: 0, replaced: 0, resized: 0, refused: 0 };
/** @type {Upload[]} */
let waiting = [];
let busy = false;
let stopped = false;

/** @param {string} text @param {string} why */
function refuse(text, why) {
  totals.refused += 1;
  const table = part("problems");
  const body = table?.querySelector("tbody");
  if (!table || !body) return;
  table.hidden = false;
  if (body.rows.length >= 500) return;
  const row = body.insertRow();
  const name = row.insertCell();
  name.className = "mono small";
  name.textContent = text;
  row.insertCell().textContent = why;
}

function show() {
  const bar = /** @type {HTMLProgressElement | null} */ (part("progress"));
  if (bar) {
    bar.max = Math.max(1, totals.all);
    bar.value = totals.sent;
  }
  for (const name of /** @type {const} */ (["created", "existing", "replaced", "refused"])) {
    const cell = part(name);
    if (cell) cell.textContent = totals[name].toLocaleString(document.documentElement.lang);
  }
}

/** @returns {Upload[]} the next few that go in one request; a zip goes alone */
function batch() {
  /** @type {Upload[]} */
  const taken = [];
  let bytes = 0;
  while (waiting.length && taken.length < BATCH_FILES) {
    const next = /** @type {Upload} */ (waiting[0]);
    const zip = ZIP.test(next.path);
    if (taken.length && (zip || bytes + next.file.size > BATCH_BYTES)) break;
    taken.push(next);
    waiting.shift();
    bytes += next.file.size;
    if (zip) break;
  }
  return taken;
}

/** @param {Upload[]} files */
async function send(files) {
  const body = new FormData();
  body.set("paths", JSON.stringify(files.map(({ path }) => path)));
  const encoding = /** @type {HTMLSelectElement | null | undefined} */ (drop?.querySelector("[data-zip-encoding]"));
  body.set("zip_encoding", encoding?.value ?? "");
  const replace = /** @type {HTMLInputElement | null | undefined} */ (drop?.querySelector("[data-replace-media]"));
  body.set("replace_media", replace?.checked ? "1" : "");
  for (const { file } of files) body.append("file", file, "file");
  return (await call("POST", drop?.dataset.upload ?? "", body, { redirect: "manual" })).data;
}

async function work() {
  if (busy) return;
  busy = true;
  stopped = false;
  const report = part("report");
  if (report) report.hidden = false;
  const done = part("done");
  if (done) done.hidden = true;
  while (waiting.length && !stopped) {
    const files = batch();
    try {
      const answer = await send(files);
      if (answer.job) {
        location.assign(answer.job);
        return;
      }
      totals.created += answer.created;
      totals.existing += answer.existing;
      totals.replaced += answer.replaced;
      totals.resized += answer.resized;
      for (const problem of answer.problems) refuse(problem.path, problem.error);
    } catch {
      waiting = [...files, ...waiting];
      toast(gettext("The connection was lost. What was uploaded is kept; choose the files again to continue."), { kind: "danger" });
      break;
    }
    totals.sent += files.length;
    show();
  }
  busy = false;
  const title = part("title");
  if (title) title.textContent = waiting.length ? gettext("Stopped") : gettext("Done");
  const stop = part("stop");
  if (stop) stop.hidden = true;
  const check = part("resized");
  if (check) check.hidden = totals.resized === 0;
  const next = part("next");
  const here = totals.created + totals.existing + totals.replaced;
  for (const way of [done, next]) if (way && here > 0) way.hidden = false;
}

/** @param {Upload[]} files */
function take(files) {
  const ofImages = files.some((one) => mediumOfFile(one.path)?.isPicture);
  for (const one of files) {
    if (one.path.split("/").some((name) => name.startsWith("."))) continue;
    totals.all += 1;
    const medium = mediumOfFile(one.path);
    if (ZIP.test(one.path) || (medium && (medium.isPicture || !ofImages))) waiting.push(one);
    else {
      totals.sent += 1;
      const why = medium
        ? gettext("is beside images, so it may be their labels: import texts on their own")
        : gettext("is not a file of a kind that is taken");
      refuse(one.path, why);
    }
  }
  if (totals.all === 0) return;
  show();
  void work();
}

/**
 * The files below what was dropped, folders walked.
 * @param {FileSystemEntry} entry
 * @returns {Promise<Upload[]>}
 */
async function walk(entry) {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
    return [{ file: /** @type {File} */ (file), path }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {Upload[]} */
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const child of some) found.push(...(await walk(child)));
  }
}

if (drop) {
  drop.addEventListener("submit", (event) => event.preventDefault());
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (drop.querySelectorAll("[data-files]"))) {
    input.addEventListener("change", () => {
      take([...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      input.value = "";
    });
    input.closest("label")?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        input.click();
      }
    });
  }
  let depth = 0;
  drop.addEventListener("dragenter", () => drop.classList.toggle("is-over", ++depth > 0));
  drop.addEventListener("dragleave", () => drop.classList.toggle("is-over", --depth > 0));
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    depth = 0;
    drop.classList.remove("is-over");
    const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((one) => one !== null);
    const found = await Promise.all(entries.map(walk));
    take(found.flat());
  });
  part("stop")?.addEventListener("click", () => (stopped = true));
}
