// @ts-check
// An item's page: j and k go to the next and the previous one.
import { keys } from "./keys.js";
import { word } from "./words.js";

/** @param {string} which */
function follow(which) {
  const link = document.querySelector(`[data-${which}]`);
  if (link instanceof HTMLAnchorElement && link.href) link.click();
}

keys(word("item", "Item"), [
  { key: "j", title: word("next", "Next"), run: () => follow("after") },
  { key: "k", title: word("previous", "Previous"), run: () => follow("before") },
]);
