// Behaviour shared by all pages. Every page works without it; hooks are data- attributes.
//   data-theme-toggle            light → dark → auto
//   data-dismiss                 removes the notice around it
//   data-dialog-open="ID"        opens <dialog id=ID>; data-dialog-close closes the dialog around it
//   data-tip                     popover button that also opens on hover and keyboard focus
//   select[data-enhance]         becomes searchable (Tom Select)
//   data-autosubmit (form)       submits when a control changes
//   button[data-print]           prints the page; hidden without scripts
//   data-announce="text"         read out after an htmx swap brought it in
//   data-autofocus               receives focus when the page opens (error summary)
// htmx answers may send HX-Trigger: {"toast": {"text": "Saved", "tone": "good"}} or {"announce": "3 partners"}.

const live = () => document.getElementById("live");

function announce(text) {
  const region = live();
  if (!region || !text) return;
  region.textContent = "";
  window.setTimeout(() => { region.textContent = text; }, 60);
}

// -- theme ---------------------------------------------------------------------------------------

const NEXT = { light: "dark", dark: "auto", auto: "light" };

function labelTheme() {
  const choice = window.cmoTheme.choice();
  for (const label of document.querySelectorAll("[data-theme-label]")) {
    label.textContent = `Theme: ${choice}. Switch to ${NEXT[choice]}`;
  }
}

document.addEventListener("themechange", labelTheme);

// -- toasts --------------------------------------------------------------------------------------

const TONES = ["neutral", "accent", "good", "warn", "bad"];

function toast({ text, tone = "neutral" }) {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  const box = document.createElement("div");
  box.className = `notice notice-${TONES.includes(tone) ? tone : "neutral"}`;
  box.setAttribute("role", tone === "bad" ? "alert" : "status");
  const body = document.createElement("div");
  body.className = "notice-body";
  body.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn btn-ghost btn-sm";
  close.dataset.dismiss = "";
  close.textContent = "Dismiss";
  box.append(body, close);
  region.append(box);
  if (tone === "bad" || tone === "warn") return; // stays until it was read
  let timer = 0;
  const start = () => { timer = window.setTimeout(() => box.remove(), 8000); };
  const stop = () => window.clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) box.addEventListener(name, stop);
  for (const name of ["pointerleave", "focusout"]) box.addEventListener(name, start);
  start();
}

// -- clicks --------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const toggle = event.target.closest("[data-theme-toggle]");
  if (toggle) {
    window.cmoTheme.set(NEXT[window.cmoTheme.choice()]);
    announce(`Theme: ${window.cmoTheme.choice()}`);
  }
  if (event.target.closest("[data-print]")) window.print();
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest(".notice")?.remove();
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      dialog.showModal();
    }
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) closer.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close(); // the backdrop
});

for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;

document.addEventListener("change", (event) => {
  const form = event.target instanceof Element && event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
});

// -- tips: the popover opens on click by itself; hover and keyboard focus are added here -------------

const anchored = CSS.supports("position-area", "bottom");
let pinned = null;
let timer = 0;

function tipOf(node) {
  const button = node instanceof Element && node.closest("[data-tip]");
  return button ? { button, body: document.getElementById(button.getAttribute("popovertarget")) } : null;
}

function openTip({ button, body }) {
  if (!body || body.matches(":popover-open")) return;
  body.showPopover({ source: button });
  if (anchored) return;
  const at = button.getBoundingClientRect();
  const size = body.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8));
  const below = at.bottom + size.height + 8 < window.innerHeight;
  body.style.left = `${left}px`;
  body.style.top = `${below ? at.bottom : Math.max(8, at.top - size.height - 12)}px`;
}

function closeTip(body) {
  if (body && body !== pinned && body.matches(":popover-open")) body.hidePopover();
}

document.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "mouse") return;
  const tip = tipOf(event.target);
  window.clearTimeout(timer);
  if (tip) {
    timer = window.setTimeout(() => openTip(tip), 150);
    return;
  }
  if (event.target instanceof Element && event.target.closest(".tip-body")) return; // the pointer may enter the tip
  timer = window.setTimeout(() => document.querySelectorAll(".tip-body:popover-open").forEach(closeTip), 200);
});

document.addEventListener("focusin", (event) => {
  const tip = tipOf(event.target);
  if (tip && event.target.matches(":focus-visible")) openTip(tip);
});

document.addEventListener("focusout", (event) => {
  const tip = tipOf(event.target);
  if (tip && !tip.body?.contains(event.relatedTarget)) window.setTimeout(() => closeTip(tip.body), 0);
});

document.addEventListener("click", (event) => {
  const tip = tipOf(event.target);
  if (!tip || !tip.body) return;
  if (tip.body.matches(":popover-open") && pinned !== tip.body) {
    event.preventDefault(); // opened by hover or focus: the click pins it instead of closing it
    pinned = tip.body;
  } else {
    pinned = tip.body.matches(":popover-open") ? null : tip.body;
    if (pinned && !anchored) {
      event.preventDefault();
      openTip(tip);
    }
  }
});

document.addEventListener("toggle", (event) => {
  if (event.newState === "closed" && event.target === pinned) pinned = null;
}, true);

window.matchMedia("(min-width: 48rem)").addEventListener("change", () => {
  const nav = document.getElementById("site-nav");
  if (nav?.matches(":popover-open")) nav.hidePopover();
});

// -- searchable selects ----------------------------------------------------------------------------

const asset = (name) => document.querySelector(`meta[name="asset:${name}"]`)?.content;
const loading = new Map();

function script(name) {
  if (!loading.has(name)) {
    loading.set(name, new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = asset(name);
      element.onload = resolve;
      element.onerror = () => reject(new Error(`could not load ${name}`));
      document.head.append(element);
    }));
  }
  return loading.get(name);
}

async function enhance(root) {
  const selects = [...root.querySelectorAll("select[data-enhance]:not(.tomselected)")];
  if (!selects.length) return;
  await script("tom-select");
  for (const select of selects) {
    if (select.tomselect || !select.isConnected) continue;
    const described = select.getAttribute("aria-describedby");
    const control = new window.TomSelect(select, {
      plugins: select.multiple ? ["remove_button"] : [],
      maxOptions: 500,
      refreshThrottle: 0, // Enter takes what was typed, not what was listed before
      create: false,
      hideSelected: select.multiple,
      placeholder: select.dataset.placeholder || (select.multiple ? "Search…" : undefined),
      render: { no_results: (_, escape) => `<div class="no-results">Nothing called “${escape(_.input)}”</div>` },
    });
    select.setAttribute("aria-hidden", "true"); // the input beside it has the label now
    if (described) control.control_input.setAttribute("aria-describedby", described);
  }
}

// -- htmx ------------------------------------------------------------------------------------------

document.addEventListener("htmx:afterSwap", (event) => {
  const target = event.detail.target;
  const said = target.matches?.("[data-announce]") ? target : target.querySelector?.("[data-announce]");
  if (said) announce(said.dataset.announce);
});
document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
document.addEventListener("htmx:beforeCleanupElement", (event) => event.detail.elt.tomselect?.destroy());
document.addEventListener("toast", (event) => toast(event.detail));
document.addEventListener("announce", (event) => announce(event.detail.value ?? event.detail));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.elt.hasAttribute("data-quiet")) return; // nobody asked: it asks again by itself
  const status = event.detail.xhr.status;
  const words = { 403: "You are not allowed to do that.", 404: "That is no longer there. Reload the page." };
  toast({ text: words[status] ?? `The server could not do that (${status}). Nothing was changed; try again.`, tone: "bad" });
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt.hasAttribute("data-quiet")) return;
  toast({ text: "No connection to the server. Nothing was changed; try again.", tone: "bad" });
});

// -- start -----------------------------------------------------------------------------------------

labelTheme();
enhance(document);
document.querySelector("[data-autofocus]")?.focus();
