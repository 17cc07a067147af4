// Runs before the first paint: the chosen theme, or the system's, goes on <html>; "js" says scripts run.
(function () {
  "use strict";
  var root = document.documentElement;
  var system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      var value = localStorage.getItem("theme");
      return value === "light" || value === "dark" ? value : "auto";
    } catch {
      return "auto";
    }
  }

  function apply() {
    var choice = chosen();
    root.dataset.themeChoice = choice;
    root.dataset.bsTheme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  window.cmoTheme = {
    choice: chosen,
    set: function (value) {
      try {
        if (value === "auto") localStorage.removeItem("theme");
        else localStorage.setItem("theme", value);
      } catch {
        // storage is switched off: the choice holds for this page only
      }
      apply();
    },
  };
})();
