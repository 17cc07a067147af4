// The ranking's weights: each one's share of 100 while a slider moves; the server re-ranks (htmx).
// While a slider is dragged a header asks for fewer draws; when it is let go the full number is drawn.
// A slider moves in half points; one that nobody has moved keeps its exact value (data-exact).
const form = () => document.querySelector("[data-weights]");

const points = (slider) => (slider.dataset.moved ? slider.value : slider.dataset.exact);

function shares() {
  const sliders = [...form().querySelectorAll("[data-weight]")];
  const total = sliders.reduce((sum, slider) => sum + Number(points(slider)), 0);
  for (const slider of sliders) {
    const share = total ? (Number(points(slider)) * 100) / total : 0;
    form().querySelector(`output[for="${slider.id}"]`).value = share.toFixed(1);
    // The form that saves is another one: what is read has no token in its address.
    const kept = document.querySelector(`#save-weights [name="${slider.name}"]`);
    if (kept) kept.value = points(slider);
  }
}

// On a phone the list comes first: the weights are folded until they are asked for.
function fold() {
  if (matchMedia("(max-width: 62rem)").matches) {
    document.querySelector("[data-fold-on-phone]")?.removeAttribute("open");
  }
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-weights] [data-weight]")) return;
  event.target.dataset.moved = "1";
  shares();
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt !== form()) return;
  if (event.detail.triggeringEvent?.type === "input") event.detail.headers["X-Moving"] = "1";
  for (const slider of form().querySelectorAll("[data-weight]")) {
    event.detail.parameters[slider.name] = points(slider);
  }
});

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id === "ranking-frame") fold();
});

// What a person has typed, chosen or unticked below and not yet sent outlives a slider's answer, which replaces it all.
const results = () => document.getElementById("results");
const same = (field) => `${field.form?.getAttribute("action")} ${field.name} ${field.type === "checkbox" ? field.value : ""}`;
const wasChosen = (select) => [...select.options].find((option) => option.defaultSelected)?.value ?? select.options[0]?.value;

function touched(field) {
  if (field.type === "hidden") return false;
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  return field.value !== (field.tagName === "SELECT" ? wasChosen(field) : field.defaultValue);
}

let unsent = [];
let unfolded = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== results()) return;
  const fields = [...results().querySelectorAll("input[name], select[name], textarea[name]")].filter(touched);
  unsent = fields.map((field) => ({ key: same(field), value: field.value, checked: field.checked }));
  unfolded = [...results().querySelectorAll("details[open] > summary")].map((summary) => summary.textContent);
});

document.addEventListener("htmx:afterSwap", (event) => {
  // Only after a swap of these results: one that failed must not bring back old text when something else is swapped.
  if (event.detail.target?.id !== "results" || !results()) return;
  for (const field of results().querySelectorAll("input[name], select[name], textarea[name]")) {
    const kept = unsent.find((one) => one.key === same(field));
    if (!kept) continue;
    if (field.type === "checkbox") field.checked = kept.checked;
    else field.value = kept.value;
  }
  for (const summary of results().querySelectorAll("details > summary")) {
    if (unfolded.includes(summary.textContent)) summary.parentElement.open = true;
  }
  [unsent, unfolded] = [[], []];
});

fold();
