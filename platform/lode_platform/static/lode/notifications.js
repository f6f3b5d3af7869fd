// @ts-check
// The page Notifications: what is opened counts as read.
import { csrfToken } from "./http.js";

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("tr")?.querySelector("a[data-read]") : null;
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  const address = link?.getAttribute("data-read");
  if (!address || button) return;
  void fetch(address, { method: "POST", keepalive: true, redirect: "manual", headers: { "X-CSRFToken": csrfToken() } });
});
