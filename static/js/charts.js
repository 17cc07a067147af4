// Draws Vega-Lite charts: [data-vega-spec-url="/address.json"] or [data-vega-spec="id of a JSON script"].
// Specs are evaluated by vega-embed's interpreter (no eval), take the page's colours and follow its theme.
// The table behind a chart stays in the page; without scripts, or when drawing fails, it is what is read.

const asset = (name) => document.querySelector(`meta[name="asset:${name}"]`)?.content;
const drawn = new Map();
let library = null;

function load(name) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = asset(name);
    element.onload = resolve;
    element.onerror = () => reject(new Error(`could not load ${name}`));
    document.head.append(element);
  });
}

function vega() {
  library ??= (async () => {
    await load("vega");
    await load("vega-lite");
    await load("vega-embed");
    return window.vegaEmbed;
  })();
  return library;
}

// A token's colour as rgb(), which Vega understands (tokens may say light-dark()).
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function config() {
  const text = colour("--c-text");
  const muted = colour("--c-muted");
  const line = colour("--c-line");
  const series = Array.from({ length: 10 }, (_, i) => colour(`--c-series-${i + 1}`));
  return {
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    view: { stroke: "transparent" },
    axis: { labelColor: muted, titleColor: muted, gridColor: line, domainColor: line, tickColor: line, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500 },
    legend: { labelColor: text, titleColor: muted, labelFontSize: 12, titleFontSize: 12, symbolBaseFillColor: muted, symbolBaseStrokeColor: muted, symbolFillColor: muted, symbolStrokeColor: muted },
    title: { color: text },
    text: { color: text },
    mark: { color: series[0] },
    rule: { color: series[0] },
    bar: { color: series[0] },
    // tone: good, warn, bad, neutral, accent; words or shapes always repeat it
    range: { category: series, tone: ["--c-good", "--c-warn", "--c-bad", "--c-muted", "--c-accent"].map(colour) },
    geoshape: { fill: colour("--c-sunken"), stroke: colour("--c-line-strong") },
  };
}

async function specOf(box) {
  if (box.dataset.vegaSpec) return JSON.parse(document.getElementById(box.dataset.vegaSpec).textContent);
  const answer = await fetch(box.dataset.vegaSpecUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`chart: ${answer.status}`);
  return answer.json();
}

async function draw(box) {
  try {
    const [embed, spec] = await Promise.all([vega(), specOf(box)]);
    if (!box.isConnected) return;
    drawn.get(box)?.finalize();
    const label = box.getAttribute("aria-label");
    const result = await embed(box, spec, {
      mode: spec.$schema?.includes("/vega/") ? "vega" : "vega-lite",
      ast: true,
      actions: false,
      defaultStyle: false,
      renderer: "svg",
      config: config(),
      tooltip: { disableDefaultStyle: true, theme: "cmo" },
    });
    drawn.set(box, result);
    result.view.addEventListener("click", (_, item) => follow(box, item?.datum?.opens));
    box.dataset.drawn = "true";
    if (label) {
      // one image with one name, instead of every mark
      const picture = box.querySelector("svg");
      picture?.setAttribute("aria-hidden", "true");
    }
  } catch (error) {
    box.hidden = true;
    const table = box.closest(".figure-chart")?.querySelector(".chart-table");
    if (table) table.open = true;
    console.warn(error);
  }
}

// A mark whose datum says what it `opens` is a second way to the link of that address in the table behind the chart.
function follow(box, address) {
  if (!address) return;
  const links = box.closest(".figure-chart")?.querySelectorAll("a[href]") ?? [];
  [...links].find((link) => link.getAttribute("href") === address)?.click();
}

function drawAll(root) {
  const selector = "[data-vega-spec], [data-vega-spec-url]";
  const boxes = [...root.querySelectorAll(selector)];
  if (root instanceof Element && root.matches(selector)) boxes.push(root);
  for (const box of boxes) if (!box.dataset.drawn) draw(box);
}

document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  drawn.get(event.detail.elt)?.finalize();
  drawn.delete(event.detail.elt);
});
document.addEventListener("themechange", () => {
  for (const box of [...drawn.keys()]) box.isConnected ? draw(box) : drawn.delete(box);
});

drawAll(document);
