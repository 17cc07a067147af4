// Set-up of a project. Everything works without it: fields that do not apply are ignored by the server.
//   data-profiles                  around the profile's radio buttons
//   data-show-for="drug clinical"  shown only for these profiles
//   data-label-<profile>="…"       what the field inside is called for a profile
//   form[data-guard]               leaving with unsaved changes asks first

const profiles = document.querySelector("[data-profiles]");

function applyProfile() {
  const profile = profiles?.querySelector("input:checked")?.value;
  if (!profile) return;
  for (const part of document.querySelectorAll("[data-show-for]")) {
    part.hidden = !part.dataset.showFor.split(" ").includes(profile);
  }
  for (const part of document.querySelectorAll(`[data-label-${profile}]`)) {
    const label = part.querySelector(".form-label");
    const text = [...(label?.childNodes ?? [])].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (text) text.data = `${part.getAttribute(`data-label-${profile}`)} `;
  }
}

profiles?.addEventListener("change", applyProfile);
applyProfile();

// -- unsaved changes ----------------------------------------------------------------------------------

let changed = false;

for (const name of ["input", "change"]) {
  document.addEventListener(name, (event) => {
    if (event.isTrusted && event.target instanceof Element && event.target.closest("form[data-guard]")) changed = true;
  });
}
document.addEventListener("submit", (event) => {
  if (event.target instanceof Element && event.target.matches("form[data-guard]")) changed = false;
});
window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});
