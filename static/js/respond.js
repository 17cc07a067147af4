// The quote's form: every change is kept on the server at once; inputs a pricing model does not use are hidden.
// Without this script the form is complete and is saved by its buttons.

const form = document.getElementById("quote-form");

function showModel(line) {
  const model = line.querySelector('select[name$="-model"]')?.value || "unit";
  let needed = false;
  for (const box of line.querySelectorAll("[data-models]")) {
    const used = box.dataset.models.split(" ").includes(model);
    const filled = [...box.querySelectorAll("input, select, textarea")].some((input) => input.value);
    box.hidden = !used && !filled;
    if (used && box.closest(".bid-more")) needed = true;
  }
  if (needed && model !== "unit") line.querySelector(".bid-more").open = true;
}

if (form) {
  for (const line of form.querySelectorAll("[data-bid-line]")) showModel(line);
  const state = form.querySelector("[data-save-state]");
  const waiting = new Map();
  let running = false;
  let submitting = false;

  async function flush() {
    if (running || submitting || !waiting.size || !form.dataset.autosave) return;
    running = true;
    const sent = new Map(waiting);
    waiting.clear();
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    for (const [name, value] of sent) body.append(name, value);
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body, headers: { Accept: "application/json" } });
      if (answer.status === 404 || answer.status === 410) {
        // the link has ended: saving by button says why and shows what was typed
        form.dataset.autosave = "";
        state.textContent = "Not saved: this link no longer opens. Press “Save for later” to see why and to copy what you typed.";
        running = false;
        return;
      }
      const data = await answer.json();
      if (answer.ok) {
        form.querySelector("[name=edition]").value = data.edition;
        state.textContent = `Saved ${data.saved}`;
        form.dataset.saved = "true";
      } else {
        state.textContent = data.error;
      }
    } catch {
      for (const [name, value] of sent) if (!waiting.has(name)) waiting.set(name, value);
      state.textContent = "Not saved yet: no connection. It is tried again.";
      window.setTimeout(() => { running = false; flush(); }, 5000);
      return;
    }
    running = false;
    flush();
  }

  form.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.name || input.type === "hidden" || input.type === "file" || input.name === "document") return;
    const line = input.closest("[data-bid-line]");
    if (line) showModel(line);
    if (!form.dataset.autosave) return;
    waiting.set(input.name, input.value);
    form.dataset.saved = "false";
    state.textContent = "Saving…";
    flush();
  });

  form.addEventListener("submit", (event) => {
    if (!running) { submitting = true; return; }
    // a change is on its way: wait for its edition, then submit with the button that was pressed
    event.preventDefault();
    const button = event.submitter;
    const timer = window.setInterval(() => {
      if (running) return;
      window.clearInterval(timer);
      submitting = true;
      form.requestSubmit(button);
    }, 50);
  });

  window.addEventListener("beforeunload", (event) => {
    if (!submitting && (waiting.size || running)) event.preventDefault();
  });
}
