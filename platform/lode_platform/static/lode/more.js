// @ts-check
// The next page of a list marked `data-more` comes in below as one scrolls near its end; the pager stays for those who
// want an address. What is out of sight the browser does not lay out (`content-visibility`), so thousands cost little.

const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-list][data-more]"));

/** The link to the next page. @param {ParentNode} page */
function next(page) {
  return /** @type {HTMLAnchorElement | null} */ (page.querySelector(".pager a[rel=next]"));
}

/** @param {HTMLElement} list */
function start(list) {
  const pager = document.querySelector(".pager");
  let busy = false;
  const watch = new IntersectionObserver((seen) => void (seen.some((one) => one.isIntersecting) && more()), {
    rootMargin: "1200px",
  });
  const more = async () => {
    const link = next(document);
    if (busy || !link) return;
    busy = true;
    const answer = await fetch(link.href).catch(() => null);
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const come = page.querySelector("[data-list]");
      if (come) list.append(...[...come.children].map((one) => document.adoptNode(one)));
      const after = page.querySelector(".pager");
      if (after) pager?.replaceChildren(...[...after.childNodes].map((one) => document.adoptNode(one)));
      else pager?.remove();
      list.dataset.pages = String(Number(list.dataset.pages ?? 1) + 1);
      busy = false;
      if (!after || !next(document)) watch.disconnect();
      else if (pager) {
        watch.unobserve(pager); // asks again where the end is still in sight
        watch.observe(pager);
      }
    }
  };
  if (pager) watch.observe(pager);
}

if (list) start(list);
