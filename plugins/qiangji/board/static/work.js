// A link that is called a button answers to the space bar, as a button does.
// A decision that a page asks for becomes a modal dialog: the rest of the page is out of reach until it is answered.
// Escape and "cancel" lead back to the page without it. Without this script the dialog stands open on the page.
"use strict";

(function () {
  for (const link of document.querySelectorAll("a[role=button]")) {
    link.addEventListener("keydown", (event) => {
      if (event.key === " ") { event.preventDefault(); link.click(); }
    });
  }
  for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
    const back = dialog.querySelector("[data-close]");
    dialog.removeAttribute("open"); // no close(): its event would lead back at once
    dialog.showModal();
    dialog.addEventListener("close", () => { window.location.assign(back.href); });
    // a second click sends nothing more; a page that the browser's way back shows again has sent nothing yet
    const button = dialog.querySelector("button[type=submit]");
    dialog.querySelector("form").addEventListener("submit", () => {
      window.setTimeout(() => { button.disabled = true; }, 0);
    });
    window.addEventListener("pageshow", () => { button.disabled = false; });
  }
})();
