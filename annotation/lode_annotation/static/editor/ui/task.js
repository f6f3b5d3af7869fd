// @ts-check
/** What is known of the task at hand: why it is asked, and the item. */

import { gettext } from "../../lode/words.js";
import { sizeWords } from "../media/index.js";
import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";

/** @typedef {import("../model/types.js").Payload} Payload */
/** @typedef {import("../model/types.js").Reason} Reason */

/**
 * The reason in one line; one with a failure behind it stands out, and a press shows that failure.
 * @param {HTMLElement} root
 * @param {Reason|null} reason
 */
export function showReason(root, reason) {
  const words = reason?.text ?? "";
  root.hidden = !words;
  if (!reason || !words) return root.replaceChildren();
  const address = reason.failure_url;
  const inside = [icon(address || reason.box ? "alert-triangle" : "info-circle"), h("span", {}, words)];
  root.classList.toggle("is-plain", !address && !reason.box);
  const link = address
    ? h("a", { href: address, target: "_blank", rel: "noopener", title: gettext("Show the failure that caused this task") }, ...inside)
    : h("span", { title: words }, ...inside);
  root.replaceChildren(link);
}

/**
 * @param {HTMLElement} root a description list
 * @param {Payload} payload
 */
export function showFacts(root, payload) {
  const { media, config, task } = payload;
  /** @type {[string, string][]} */
  const facts = [
    [gettext("Path"), media.path ?? ""],
    [gettext("Size"), sizeWords(media)],
    [gettext("Schema"), config.schema ? `${config.schema} r${config.revision ?? 1}` : ""],
    [gettext("Priority"), task.priority === undefined ? "" : String(task.priority)],
    [gettext("Strategy"), task.reason?.strategy ?? ""],
    ...Object.entries(media.metadata ?? {}).map(([name, value]) => /** @type {[string, string]} */ ([name, String(value)])),
  ];
  const rows = facts.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", { title: value }, value)]);
  root.replaceChildren(...rows);
}
