// Suggestions under a search box, and the search that Ctrl K or ⌘ K opens on every page.
//   input[data-suggest="ID"]     a combobox (WAI-ARIA) over the listbox ID, which htmx fills while somebody types
//   [data-search-keys]           shows the keys of this computer
// Down and Up choose, Enter opens what is chosen or sends the form, Escape closes the list or the dialog.

const isBox = (node) => node instanceof HTMLInputElement && node.matches("input[data-suggest]");
const listOf = (input) => document.getElementById(input.dataset.suggest);
const optionsOf = (list) => [...list.querySelectorAll("[role=option]")];
const quiet = new WeakSet(); // inputs whose search was sent: an answer that arrives late opens nothing

function prepare(root) {
  for (const input of root.querySelectorAll("input[data-suggest]:not([role])")) {
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-haspopup", "listbox");
    input.setAttribute("aria-controls", input.dataset.suggest);
    input.setAttribute("aria-expanded", "false");
  }
}

function choose(input, option) {
  for (const other of optionsOf(listOf(input))) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

function show(input, open) {
  const list = listOf(input);
  list.hidden = !open;
  input.setAttribute("aria-expanded", String(open));
  choose(input, null);
}

const isOpen = (input) => input.getAttribute("aria-expanded") === "true";

function move(input, step) {
  const options = optionsOf(listOf(input));
  if (!options.length) return;
  if (!isOpen(input)) show(input, true);
  const at = options.findIndex((option) => option.id === input.getAttribute("aria-activedescendant"));
  const next = at + step;
  // one step beyond either end is the input itself, where nothing is chosen
  if (at === -1) choose(input, step > 0 ? options[0] : options.at(-1));
  else choose(input, options[next] ?? null);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    const dialog = document.getElementById("quick-search");
    if (!(dialog instanceof HTMLDialogElement)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else if (!document.querySelector("dialog[open]")) dialog.showModal();
    return;
  }
  const input = event.target;
  if (!isBox(input) || event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(input, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && isOpen(input)) {
    const chosen = document.getElementById(input.getAttribute("aria-activedescendant") ?? "");
    if (chosen) {
      event.preventDefault();
      chosen.click();
    }
  } else if (event.key === "Escape") {
    const dialog = input.closest("dialog");
    if (!dialog && !isOpen(input)) return;
    event.preventDefault(); // a search box would empty itself first
    if (dialog) {
      choose(input, null);
      dialog.close();
    } else {
      show(input, false);
    }
  } else if (event.key === "Tab" && isOpen(input)) {
    show(input, false);
  }
}, true);

document.addEventListener("input", (event) => {
  if (!isBox(event.target)) return;
  quiet.delete(event.target);
  choose(event.target, null);
});

document.addEventListener("submit", (event) => {
  const input = event.target.querySelector?.("input[data-suggest]");
  if (!input) return;
  quiet.add(input);
  show(input, false);
}, true);

document.addEventListener("focusout", (event) => {
  const input = event.target;
  if (isBox(input) && !input.closest("dialog") && !listOf(input).contains(event.relatedTarget)) show(input, false);
});

// pressing an option must not take the focus from the input before the click arrives
document.addEventListener("mousedown", (event) => {
  if (event.target instanceof Element && event.target.closest("[role=listbox].suggest-list")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const option = event.target instanceof Element && event.target.closest(".suggest-option");
  if (!option || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // a link to another place on the same page leaves the page as it is: close what stands in front of it
  option.closest("dialog")?.close();
  const list = option.closest("[role=listbox]");
  const input = document.querySelector(`input[data-suggest="${list.id}"]`);
  if (input) show(input, false);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const list = event.detail.target;
  if (list?.matches?.(".suggest-list")) {
    const input = document.querySelector(`input[data-suggest="${list.id}"]`);
    if (input) show(input, document.activeElement === input && !quiet.has(input) && optionsOf(list).length > 0);
  }
});
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));

document.addEventListener("toggle", (event) => {
  if (event.target.id === "quick-search" && event.newState === "open") document.getElementById("quick-q")?.select();
}, true);

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const keys of document.querySelectorAll("[data-search-keys]")) keys.textContent = "⌘ K";
}
prepare(document);
