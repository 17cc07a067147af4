// The curation desk: names for the parts of a page that scroll by themselves. The theme makes each of them a landmark
// and calls them all alike, so that nobody who moves by landmarks can tell them apart.

const NAMES = [
  ["#nav-sidebar-apps", "Pages of the desk"],
  ["#changelist-filter [data-simplebar]", "Filters"],
  ["#changelist-form [data-simplebar], [data-simplebar]:has(#result_list)", "Rows of the list"],
  ["[data-simplebar]:has(#command-results)", "Results of the search everywhere"],
];

const NAVIGATION = [
  ["nav-sidebar-inner", "Desk"],
  ["tabs-items", "Parts of this page"],
];

function headingOf(part) {
  const section = part.closest(".inline-group, fieldset, section");
  return section?.querySelector("h2, h3, legend")?.textContent.trim().replace(/\s+/g, " ");
}

// Before the theme's own script, which reads the names when the page has loaded.
document.addEventListener("DOMContentLoaded", () => {
  for (const [id, name] of NAVIGATION) document.getElementById(id)?.setAttribute("aria-label", name);
  const used = new Set();
  for (const part of document.querySelectorAll("[data-simplebar]")) {
    const known = NAMES.find(([selector]) => part.matches(selector));
    const name = known?.[1] ?? headingOf(part) ?? "More of this page";
    let own = name;
    for (let number = 2; used.has(own); number += 1) own = `${name} (${number})`;
    used.add(own);
    part.setAttribute("data-simplebar-aria-label", own);
  }
});

// A file that is too large is told of before it is sent: the server would end the connection while the browser sends.
function tellSize(input) {
  const most = Number(input.dataset.mostBytes);
  const file = input.files[0];
  let note = document.getElementById(`${input.id}-size`);
  if (file && file.size > most) {
    if (!note) {
      note = document.createElement("p");
      note.id = `${input.id}-size`;
      note.className = "mt-1 text-red-600 dark:text-red-400";
      note.setAttribute("role", "alert");
      (input.closest("[data-field]") ?? input.form).append(note);
      input.setAttribute("aria-describedby", note.id);
    }
    const inMegabytes = (bytes) => Math.ceil(bytes / 1e6).toLocaleString("en");
    note.textContent = `${file.name} has ${inMegabytes(file.size)} MB; ${inMegabytes(most)} MB are the most.`;
  } else {
    note?.remove();
  }
  return Boolean(file && file.size > most);
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("input[type=file][data-most-bytes]")) tellSize(event.target);
});

document.addEventListener("submit", (event) => {
  const inputs = [...event.target.querySelectorAll("input[type=file][data-most-bytes]")];
  const tooLarge = inputs.find(tellSize);
  if (tooLarge) {
    event.preventDefault();
    tooLarge.focus();
  }
});
