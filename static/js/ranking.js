// The ranking's weights: each one's share of 100 while a slider moves; the server re-ranks (htmx).
// While a slider is dragged a header asks for fewer draws; when it is let go the full number is drawn.
const form = () => document.querySelector("[data-weights]");

function shares() {
  const sliders = [...form().querySelectorAll("[data-weight]")];
  const total = sliders.reduce((sum, slider) => sum + Number(slider.value), 0);
  for (const slider of sliders) {
    const share = total ? (Number(slider.value) * 100) / total : 0;
    form().querySelector(`output[for="${slider.id}"]`).value = share.toFixed(1);
    // The form that saves is another one: what is read has no token in its address.
    const kept = document.querySelector(`#save-weights [name="${slider.name}"]`);
    if (kept) kept.value = slider.value;
  }
}

// On a phone the list comes first: the weights are folded until they are asked for.
function fold() {
  if (matchMedia("(max-width: 62rem)").matches) {
    document.querySelector("[data-fold-on-phone]")?.removeAttribute("open");
  }
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-weights] [data-weight]")) shares();
});

document.addEventListener("htmx:configRequest", (event) => {
  const cause = event.detail.triggeringEvent;
  if (event.detail.elt === form() && cause?.type === "input") event.detail.headers["X-Moving"] = "1";
});

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id === "ranking-frame") fold();
});

fold();
