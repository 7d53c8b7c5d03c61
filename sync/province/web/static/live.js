// Keeps the page true: the server says that something changed, htmx asks for the page itself and swaps its content.
// Nothing is built here: without this script the page is the same, only older.
"use strict";
(() => {
  const banner = document.getElementById("link");
  const words = document.getElementById("link-text");
  const live = document.getElementById("live");
  const REST_MS = 1000;
  const AGE_MS = 20000;
  let waiting = false;
  let again = false;
  let focused = null;

  const tell = (alive) => {
    const text = alive ? banner.dataset.live : banner.dataset.lost;
    banner.classList.toggle("lost", !alive);
    if (words.textContent !== text) words.textContent = text;
  };
  if (!window.htmx) { tell(false); return; }
  // A request that failed is told by the banner; htmx would write it to the console as an error of the page.
  const ORDINARY = ["htmx:afterRequest", "htmx:sendAbort", "htmx:sendError", "htmx:timeout", "htmx:responseError"];
  htmx.logger = (_element, name, detail) => { if (ORDINARY.includes(name)) delete detail.error; };

  const inUse = (main) => {
    const active = document.activeElement;
    const chosen = window.getSelection();
    if (chosen && !chosen.isCollapsed && main.contains(chosen.anchorNode)) return true; // somebody is copying a number
    if (main.querySelector("details[open] form")) return true; // somebody is about to do something
    return main.contains(active) && active.matches("input, select, textarea"); // somebody is typing
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (new URL(xhr.responseURL).pathname !== location.pathname) location.reload(); // signed out: to the door, not a page in a page
    else if (xhr.status < 300 && !inUse(target)) {
      focused = target.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      return;
    }
    event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const same = focused && [...document.querySelectorAll("#main a")].find((link) => link.getAttribute("href") === focused);
    if (same) same.focus({ preventScroll: true });
    focused = null;
  });

  const refresh = () => {
    if (waiting) { again = true; return; }
    if (document.hidden) return;
    waiting = true;
    htmx.trigger(live, "changed");
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    tell(event.detail.successful);
    setTimeout(() => { waiting = false; if (again) { again = false; refresh(); } }, REST_MS);
  });

  // htmx looks through the page when it is all there, before this does
  document.addEventListener("DOMContentLoaded", () => {
    const source = new EventSource("/events?" + (document.body.dataset.about || ""));
    let opened = false;
    source.addEventListener("open", () => { tell(true); if (opened) refresh(); opened = true; });
    source.addEventListener("changed", refresh);
    source.addEventListener("error", () => tell(false));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
    setInterval(refresh, AGE_MS); // ages grow although nothing changes
  });
})();
