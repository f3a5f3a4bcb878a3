// What the pages do besides links and forms: follow Airflow's language and theme, send a form when a choice changes,
// turn the slides. Every page works without it.
"use strict";

(function () {
  const root = document.documentElement;
  const stored = (name) => {
    try { return window.localStorage.getItem(name); } catch { return null; }
  };

  // Airflow keeps its language and theme at the same origin; what the address names counts more
  const query = new URLSearchParams(window.location.search);
  const language = (stored("i18nextLng") || "").slice(0, 2);
  if (!query.has("lang") && (language === "zh" || language === "en") && language !== root.dataset.lang) {
    query.set("lang", language);
    window.location.replace("?" + query.toString() + window.location.hash);
    return;
  }
  const theme = stored("theme");
  if (!query.has("theme") && (theme === "light" || theme === "dark")) root.dataset.theme = theme;

  for (const form of document.querySelectorAll("form[data-auto]")) {
    for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => form.requestSubmit());
    // an empty field is no part of an address
    form.addEventListener("formdata", (event) => {
      for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
    });
  }

  // back to a form that was refused, with what was typed into it
  for (const link of document.querySelectorAll("a[data-back]")) {
    link.addEventListener("click", (event) => {
      if (window.history.length < 2) return;
      event.preventDefault();
      window.history.back();
    });
  }

  const slides = document.body.classList.contains("slides") ? [...document.querySelectorAll(".slide")] : [];
  if (slides.length) turn(slides);

  function turn(all) {
    const SECONDS = 15;
    let at = 0;
    let timer = null;
    const show = (i) => {
      at = (i + all.length) % all.length;
      all.forEach((slide, n) => { slide.hidden = n !== at; });
      window.scrollTo(0, 0);
    };
    // after the last slide the page is asked for anew: a wall shows what the last build made
    const step = () => { if (at + 1 === all.length) window.location.reload(); else show(at + 1); };
    const button = document.querySelector("[data-slide=pause]");
    const play = () => { timer = window.setInterval(step, SECONDS * 1000); button.textContent = button.dataset.pause; };
    const pause = () => { window.clearInterval(timer); timer = null; button.textContent = button.dataset.play; };
    const actions = {
      previous: () => show(at - 1),
      next: () => show(at + 1),
      pause: () => (timer === null ? play() : pause()),
    };
    for (const one of document.querySelectorAll("[data-slide]")) one.addEventListener("click", actions[one.dataset.slide]);
    document.addEventListener("keydown", (event) => {
      if (event.target.closest("button, a, input, select")) return;
      if (event.key === "ArrowLeft") actions.previous();
      else if (event.key === "ArrowRight") actions.next();
      else if (event.key === " ") { event.preventDefault(); actions.pause(); }
    });
    show(0);
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) pause(); else play();
  }
})();
