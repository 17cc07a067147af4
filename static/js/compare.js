// Buttons that put a partner into the compare tray follow the tray after it was swapped.
//   data-compare        such a button; its value is the partner's short name
//   data-compare-kept   in the tray: the short names kept, parted by spaces

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "compare-tray") return;
  const kept = document.querySelector("[data-compare-kept]").dataset.compareKept.split(" ");
  for (const button of document.querySelectorAll("[data-compare]")) {
    const pressed = kept.includes(button.value);
    button.name = pressed ? "remove" : "add";
    button.setAttribute("aria-pressed", String(pressed));
  }
});
