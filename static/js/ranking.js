// Shows each weight's share of 100 while a slider moves; the list itself is re-ranked by the server (htmx).
const form = document.querySelector("[data-weights]");

function shares() {
  const sliders = [...form.querySelectorAll("[data-weight]")];
  const total = sliders.reduce((sum, slider) => sum + Number(slider.value), 0);
  for (const slider of sliders) {
    const share = total ? (Number(slider.value) * 100) / total : 0;
    form.querySelector(`output[for="${slider.id}"]`).value = share.toFixed(1);
  }
}

// On a phone the list comes first: the weights are folded until they are asked for.
if (matchMedia("(max-width: 62rem)").matches) {
  document.querySelector("[data-fold-on-phone]")?.removeAttribute("open");
}

if (form) {
  form.addEventListener("input", shares);
}
