// @ts-check
// Draws Vega-Lite specifications in the page's colours; a mark whose datum has a `url` is a link.
import "../vendor/vega/vega.min.js";
import "../vendor/vega-lite/vega-lite.min.js";
import { expressionInterpreter } from "../vendor/vega-interpreter/vega-interpreter.js";

/** @type {any} */
const vega = /** @type {any} */ (globalThis).vega;
/** @type {any} */
const vegaLite = /** @type {any} */ (globalThis).vegaLite;

/** @type {Map<HTMLElement, any>} */
const drawn = new Map();
const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/**
 * A colour of the design as the browser resolves it now, in a form that d3 can read.
 * @param {string} value such as `var(--lode-truth)`
 * @param {HTMLElement} holder
 */
function colour(value, holder) {
  const span = document.createElement("span");
  span.style.color = value;
  holder.append(span);
  const resolved = getComputedStyle(span).color;
  span.remove();
  if (!probe) return resolved;
  probe.canvas.width = probe.canvas.height = 1;
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = resolved;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
  return a === 255 ? `rgb(${r}, ${g}, ${b})` : `rgba(${r}, ${g}, ${b}, ${((a ?? 0) / 255).toFixed(3)})`;
}

/**
 * The specification with every `var(--lode-…)` made a colour.
 * @param {any} value
 * @param {HTMLElement} holder
 * @returns {any}
 */
function resolved(value, holder) {
  if (typeof value === "string") return value.startsWith("var(--") ? colour(value, holder) : value;
  if (Array.isArray(value)) return value.map((part) => resolved(part, holder));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, resolved(part, holder)]));
  }
  return value;
}

/** @param {HTMLElement} holder */
function config(holder) {
  const of = (/** @type {string} */ name) => colour(`var(--lode-${name})`, holder);
  const font = getComputedStyle(document.body).fontFamily;
  const classes = Array.from({ length: 12 }, (_, index) => of(`class-${index + 1}`));
  return {
    background: "transparent",
    font,
    view: { stroke: null },
    padding: { left: 2, right: 6, top: 6, bottom: 2 },
    axis: {
      labelColor: of("muted"),
      titleColor: of("muted"),
      gridColor: of("line"),
      domainColor: of("line-strong"),
      tickColor: of("line-strong"),
      labelFontSize: 11.5,
      titleFontSize: 11.5,
      titleFontWeight: 500,
      titlePadding: 8,
      labelPadding: 5,
      tickSize: 4,
      domain: false,
      ticks: false,
    },
    axisX: { grid: false, domain: true, labelSeparation: 10 },
    axisXQuantitative: { tickCount: { expr: "ceil(width / 70)" } },
    axisYQuantitative: { tickCount: { expr: "ceil(height / 44)" } },
    legend: { labelColor: of("text"), titleColor: of("muted"), labelFontSize: 12, titleFontSize: 11.5, titleFontWeight: 500, symbolSize: 70 },
    header: { labelColor: of("text"), titleColor: of("muted"), labelFontSize: 12 },
    title: { color: of("text"), fontSize: 13, fontWeight: 600, anchor: "start", subtitleColor: of("muted") },
    text: { color: of("text"), font },
    range: { category: classes, ramp: [of("inset"), of("accent")], heatmap: [of("inset"), of("accent")] },
    mark: { color: of("accent") },
    bar: { color: of("accent"), cornerRadiusEnd: 2 },
    line: { strokeWidth: 2, color: of("accent") },
    point: { filled: true, size: 48, color: of("accent") },
    rule: { color: of("line-strong") },
  };
}

/** The tooltip: a small table, without markup from data. */
class Tip {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "chart-tip";
    this.element.hidden = true;
    document.body.append(this.element);
  }

  /**
   * @param {unknown} _handler
   * @param {MouseEvent} event
   * @param {any} _item
   * @param {any} value
   */
  show(_handler, event, _item, value) {
    if (value === null || value === undefined || value === "") {
      this.element.hidden = true;
      return;
    }
    this.element.replaceChildren();
    if (typeof value === "object") {
      const table = document.createElement("table");
      for (const [name, text] of Object.entries(value)) {
        if (name === "url") continue;
        const row = table.insertRow();
        row.insertCell().textContent = name;
        row.insertCell().textContent = String(text);
      }
      this.element.append(table);
    } else this.element.textContent = String(value);
    this.element.hidden = false;
    const { width, height } = this.element.getBoundingClientRect();
    this.element.style.left = `${Math.min(event.clientX + 14, innerWidth - width - 8)}px`;
    this.element.style.top = `${Math.min(event.clientY + 14, innerHeight - height - 8)}px`;
  }
}

/** @type {Tip | undefined} */
let tip;

/**
 * @param {HTMLElement} holder
 * @param {any} spec
 */
async function draw(holder, spec) {
  drawn.get(holder)?.finalize();
  const full = {
    width: "container",
    autosize: { type: typeof spec.height === "number" ? "fit" : "fit-x", contains: "padding" },
    ...resolved(spec, holder),
    config: config(holder),
  };
  if (full.width === "container") full.width = Math.max(80, holder.clientWidth);
  const compiled = vegaLite.compile(full).spec;
  const runtime = vega.parse(compiled, null, { ast: true });
  tip ??= new Tip();
  const view = new vega.View(runtime, { expr: expressionInterpreter, renderer: "svg", hover: true });
  view.tooltip(tip.show.bind(tip));
  view.addEventListener("click", (/** @type {any} */ _event, /** @type {any} */ item) => {
    const url = item?.datum?.url;
    if (typeof url === "string" && /^[/?]/.test(url)) location.assign(url);
  });
  holder.replaceChildren();
  view.initialize(holder);
  await view.runAsync();
  holder.setAttribute("data-drawn", "");
  drawn.set(holder, view);
}

/** @param {HTMLElement} holder */
function specOf(holder) {
  const source = document.getElementById(holder.dataset.chart ?? "");
  return source?.textContent ? JSON.parse(source.textContent) : null;
}

/** @param {HTMLElement} holder */
function redraw(holder) {
  const spec = specOf(holder);
  if (spec) void draw(holder, spec);
}

const widths = new ResizeObserver((entries) => {
  for (const entry of entries) {
    const holder = /** @type {HTMLElement} */ (entry.target);
    const width = Math.round(entry.contentRect.width);
    if (holder.dataset.width && Number(holder.dataset.width) !== width) {
      holder.dataset.width = String(width);
      redraw(holder);
    }
  }
});

/** Draws every chart of the page that is not drawn yet. */
export function drawCharts() {
  for (const holder of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-chart]:not([data-drawn])"))) {
    holder.dataset.width = String(Math.round(holder.clientWidth));
    redraw(holder);
    widths.observe(holder);
  }
}

document.addEventListener("lode:theme", () => {
  for (const holder of drawn.keys()) redraw(holder);
});
