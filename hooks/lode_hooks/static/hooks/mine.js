// @ts-check
// The sliders of the mining page: what share of the budget each one has, and another run's sources.

const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-mine]"));

/** @param {string} selector @returns {HTMLInputElement[]} */
function inputs(selector) {
  return [...form.querySelectorAll(selector)].map((input) => /** @type {HTMLInputElement} */ (input));
}

/**
 * @param {string} name
 * @param {string} text
 */
function say(name, text) {
  const output = form.querySelector(`[data-share="${name}"]`);
  if (output) output.textContent = text;
}

/** Says how many items each share comes to. The server decides the same way, and by what there is. */
function shares() {
  const budget = Number(inputs("[data-budget]")[0].value) || 0;
  const share = Number(inputs("[data-control]")[0].value) / 100;
  const control = Math.round(budget * share);
  const weights = inputs("[data-weight]");
  const sum = weights.reduce((total, input) => total + Number(input.value), 0);
  for (const input of weights) {
    const items = sum ? Math.round(((budget - control) * Number(input.value)) / sum) : 0;
    say(input.dataset.weight ?? "", String(items));
  }
  say("control", `${control} · ${Math.round(share * 100)} %`);
}

form.addEventListener("input", shares);
form.querySelector("[data-reload]")?.addEventListener("change", (event) => {
  const address = new URL(location.href);
  address.searchParams.set("run", /** @type {HTMLSelectElement} */ (event.target).value);
  for (const name of ["splits", "queue", "failures"]) address.searchParams.delete(name);
  location.href = address.href;
});
shares();
document.body.dataset.ready = "true";
