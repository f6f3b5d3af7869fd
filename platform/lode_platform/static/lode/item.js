// @ts-check
// An item's page: j and k go to the next and the previous one.
import { keys } from "./keys.js";
import { gettext } from "./words.js";

/** @param {string} which */
function follow(which) {
  const link = document.querySelector(`[data-${which}]`);
  if (link instanceof HTMLAnchorElement && link.href) link.click();
}

keys(gettext("Item"), [
  { key: "j", title: gettext("Next"), run: () => follow("after") },
  { key: "k", title: gettext("Previous"), run: () => follow("before") },
]);
