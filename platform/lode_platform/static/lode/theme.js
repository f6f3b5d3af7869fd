// @ts-check
// Light, dark or as the system: kept in a cookie, so that the server writes the page right at once.

/** @param {string} choice "light", "dark" or "" for the system's */
function setTheme(choice) {
  const root = document.documentElement;
  if (choice) root.setAttribute("data-bs-theme", choice);
  else root.removeAttribute("data-bs-theme");
  document.cookie = `lode_theme=${choice}; path=/; max-age=${choice ? 31536000 : 0}; samesite=lax`;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-theme-choice") === choice));
  }
  document.dispatchEvent(new CustomEvent("lode:theme"));
}

/** Listens to the menu and to the system. */
export function startTheme() {
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-theme-choice]");
    if (!button) return;
    setTheme(button.getAttribute("data-theme-choice") ?? "");
    button.closest("details")?.removeAttribute("open");
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent("lode:theme"));
  });
}
