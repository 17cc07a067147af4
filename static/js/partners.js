// The browse page: looking things up in long facet lists.
//   data-facet        a facet; data-facet-find is its box, data-facet-entry a value, data-facet-heading a group's name
// Values that do not match are hidden, never unchecked.

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function narrow(box) {
  const facet = box.closest("[data-facet]");
  const wanted = fold(box.value.trim());
  let shown = 0;
  for (const entry of facet.querySelectorAll("[data-facet-entry]")) {
    // a branch stays when its own name or anything below it matches, a leaf also when its branch does
    const branch = entry.parentElement.closest("[data-facet-entry]");
    const words = fold(entry.textContent) + (branch ? fold(branch.querySelector("label").textContent) : "");
    entry.hidden = !words.includes(wanted);
    if (!entry.hidden) shown += 1;
    const children = entry.querySelector(":scope > details");
    if (children && wanted) children.open = fold(children.textContent).includes(wanted);
  }
  for (const heading of facet.querySelectorAll("[data-facet-heading]")) heading.hidden = Boolean(wanted);
  facet.querySelector("[data-facet-none]").hidden = shown > 0;
}

// Values that the server brought along are narrowed as the box says.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  const box = event.target.closest?.("[data-facet]")?.querySelector("[data-facet-find]");
  if (box?.value) narrow(box);
});

const isBox = (node) => node instanceof Element && node.matches("[data-facet-find]");

// The box narrows the list only: it must not send the form, neither by typing nor by Enter.
for (const name of ["input", "change", "search"]) {
  document.addEventListener(name, (event) => {
    if (!isBox(event.target)) return;
    event.stopPropagation();
    narrow(event.target);
  }, true);
}
document.addEventListener("keydown", (event) => {
  if (isBox(event.target) && event.key === "Enter") event.preventDefault();
});

// Enter in a filter's field changes it and sends the form, one after the other: the change has searched already.
let searched = false;
document.addEventListener("change", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("#browse-form .filters")) return;
  searched = true;
  window.setTimeout(() => { searched = false; });
});
document.addEventListener("submit", (event) => {
  if (!searched || event.target.id !== "browse-form") return;
  event.preventDefault();
  event.stopPropagation();
}, true);
