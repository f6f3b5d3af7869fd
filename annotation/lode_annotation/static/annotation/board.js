// @ts-check
// The board of queues: who is at work opens the tasks being labelled in a row of their own.
for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(".at-work"))) {
  details.addEventListener("toggle", () => {
    const below = details.closest("tr")?.nextElementSibling;
    if (below instanceof HTMLTableRowElement) below.hidden = !details.open;
  });
}
