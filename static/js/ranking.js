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

fold();
