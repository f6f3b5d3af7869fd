// @ts-check
// The shell's behaviour: what every page needs beyond HTML.
import "./picture.js";
import { csrfToken } from "./http.js";
import { keys, showKeys, startKeys } from "./keys.js";
import { startLists } from "./list.js";
import { startTheme } from "./theme.js";
import { startToasts, toast } from "./toast.js";
import { gettext } from "./words.js";

/** Closes menus on Escape and on a click elsewhere; only one is open at a time. */
function startMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute("open");
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.removeAttribute("open");
      menu.querySelector("summary")?.focus();
    }
    document.getElementById("side")?.classList.remove("is-open");
  });
}

/** A table that is wider than its place is scrolled by the arrow keys, where nothing in it takes the focus. */
function startScrolled() {
  const watched = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.querySelector("a, button, input, select")) continue;
      if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
      else target.removeAttribute("tabindex");
    }
  });
  for (const holder of document.querySelectorAll(".table-scroll")) watched.observe(holder);
}

function startDrawer() {
  const side = document.getElementById("side");
  const button = document.querySelector("[data-drawer]");
  if (!side || !button) return;
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    button.setAttribute("aria-expanded", String(side.classList.toggle("is-open")));
  });
  document.addEventListener("click", (event) => {
    if (!side.contains(/** @type {Node} */ (event.target))) {
      side.classList.remove("is-open");
      button.setAttribute("aria-expanded", "false");
    }
  });
}

function startDialogs() {
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const opener = target.closest("[data-open]");
    if (opener) {
      const dialog = document.getElementById(opener.getAttribute("data-open") ?? "");
      if (dialog instanceof HTMLDialogElement) dialog.showModal();
      opener.closest("details.menu")?.removeAttribute("open");
    }
    if (target.closest("[data-close]") || target instanceof HTMLDialogElement) target.closest("dialog")?.close();
    if (target.closest("[data-keys]")) showKeys();
  });
}

/** A name that follows its title, in the letters an address may hold, until somebody writes one of their own. */
function startNames() {
  for (const name of document.querySelectorAll("input[data-follows]")) {
    if (!(name instanceof HTMLInputElement)) continue;
    const title = name.form?.elements.namedItem(name.dataset.follows ?? "");
    if (!(title instanceof HTMLInputElement)) continue;
    let own = name.value !== "";
    name.addEventListener("input", () => (own = name.value !== ""));
    title.addEventListener("input", () => {
      const plain = title.value.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
      if (!own) name.value = plain.replace(/[^a-z0-9]+/g, "-").slice(0, name.maxLength).replace(/^-+|-+$/g, "");
    });
  }
}

function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-copy]");
    if (!button) return;
    const code = button.parentElement?.querySelector("code");
    const text = button.getAttribute("data-copy") || code?.textContent || "";
    try {
      await navigator.clipboard.writeText(text);
      toast(gettext("Copied"));
    } catch {
      if (code) getSelection()?.selectAllChildren(code);
      toast(gettext("Selected: press Ctrl+C to copy"));
    }
  });
}

/** Filter forms submit themselves: at once for a choice, a moment after the last letter for words. */
function startFilters() {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-filters]"))) {
    const go = () => {
      const query = new URLSearchParams();
      for (const [name, value] of new FormData(form)) {
        if (typeof value === "string" && value !== "") query.append(name, value);
      }
      const next = query.size ? `?${query}` : location.pathname;
      if (next !== location.search) location.assign(next);
    };
    let timer = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      go();
    });
    form.addEventListener("change", (event) => {
      if (!(event.target instanceof HTMLInputElement && event.target.type === "search")) go();
    });
    form.addEventListener("input", (event) => {
      const field = event.target;
      // a query is sent by Enter: half of one means something else
      if (!(field instanceof HTMLInputElement && field.type === "search") || field.dataset.query !== undefined) return;
      clearTimeout(timer);
      timer = setTimeout(go, 600);
    });
  }
}

/** A select that is the whole form sends it when it changes. */
function startQuickForms() {
  document.addEventListener("change", (event) => {
    const form = /** @type {Element} */ (event.target).closest("form[data-submit-on-change]");
    if (form instanceof HTMLFormElement) form.requestSubmit();
  });
  for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[open]"))) {
    dialog.close();
    dialog.showModal();
  }
}

function startHtmx() {
  // A session that ended answers a part of a page with the login page: show that whole instead.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = /** @type {CustomEvent} */ (event).detail;
    if (xhr?.responseURL && new URL(xhr.responseURL).pathname.endsWith("/login/")) {
      event.preventDefault();
      location.reload();
    }
  });
  // The token written into the page is an old one after a sign-in in another tab.
  document.body.addEventListener("htmx:configRequest", (event) => {
    /** @type {CustomEvent} */ (event).detail.headers["X-CSRFToken"] = csrfToken();
  });
  document.body.addEventListener("htmx:sendError", () => {
    document.body.classList.add("is-offline");
  });
  document.body.addEventListener("lode:reload", () => location.reload());
  document.body.addEventListener("htmx:afterSwap", () => void startCharts());
}

async function startCharts() {
  if (document.querySelector("[data-chart]:not([data-drawn])")) (await import("./chart.js")).drawCharts();
}

startKeys();
startMenus();
startDrawer();
startScrolled();
startDialogs();
startNames();
startCopying();
startFilters();
startTheme();
startToasts();
startQuickForms();
startHtmx();
keys(gettext("Everywhere"), [
  { key: "?", title: gettext("Keyboard shortcuts"), run: showKeys },
  {
    key: "/",
    title: gettext("Search"),
    run: () => {
      const field = document.querySelector("[data-search]") ?? document.querySelector("[data-search-top]");
      if (field instanceof HTMLInputElement) {
        field.focus();
        field.select();
      }
    },
  },
]);
startLists();
void startCharts();
