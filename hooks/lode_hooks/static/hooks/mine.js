// @ts-check
// The sliders of the mining page: what share of the budget each one has, and another run's or dataset's sources.

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
  const field = inputs("[data-budget]")[0];
  const fault = form.querySelector("[data-budget-fault]");
  const wrong = !field.checkValidity();
  fault?.toggleAttribute("hidden", !wrong);
  field.setAttribute("aria-invalid", String(wrong));
  if (wrong) {
    for (const output of form.querySelectorAll("[data-share]")) output.textContent = "–";
    return;
  }
  const budget = Number(field.value);
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
for (const choice of form.querySelectorAll("[data-reload]")) {
  choice.addEventListener("change", () => {
    const select = /** @type {HTMLSelectElement} */ (choice);
    const address = new URL(location.href);
    address.searchParams.set(select.name, select.value);
    for (const name of ["splits", "queue", "failures"]) address.searchParams.delete(name);
    if (select.name === "run") address.searchParams.delete("dataset");
    location.href = address.href;
  });
}
shares();
document.body.dataset.ready = "true";
