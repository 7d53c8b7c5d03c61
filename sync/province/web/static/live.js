// Keeps the page true: the server says that something changed, the page asks for itself again and swaps its content.
// Nothing is built here: without this script the page is the same, only older.
"use strict";
(() => {
  const banner = document.getElementById("link");
  const words = document.getElementById("link-text");
  const REST_MS = 1000;
  const AGE_MS = 20000;
  let waiting = false;
  let again = false;

  const tell = (alive) => {
    const text = alive ? banner.dataset.live : banner.dataset.lost;
    banner.classList.toggle("lost", !alive);
    if (words.textContent !== text) words.textContent = text;
  };

  const swap = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("main");
    const old = document.getElementById("main");
    if (!fresh || !old) return;
    const focused = document.activeElement;
    const href = focused && old.contains(focused) ? focused.getAttribute("href") : null;
    const chosen = window.getSelection();
    if (chosen && !chosen.isCollapsed && old.contains(chosen.anchorNode)) return; // somebody is copying a number
    if (focused && old.contains(focused) && focused.matches("input, select, textarea")) return; // somebody is typing
    old.replaceChildren(...fresh.childNodes);
    if (href) {
      const same = [...old.querySelectorAll("a")].find((link) => link.getAttribute("href") === href);
      if (same) same.focus({ preventScroll: true });
    }
  };

  const refresh = async () => {
    if (waiting) { again = true; return; }
    if (document.hidden) return;
    waiting = true;
    try {
      const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
      if (answer.ok) { swap(await answer.text()); tell(true); } else { tell(false); }
    } catch { tell(false); }
    setTimeout(() => { waiting = false; if (again) { again = false; refresh(); } }, REST_MS);
  };

  const source = new EventSource("/events?" + (document.body.dataset.about || ""));
  let opened = false;
  source.addEventListener("open", () => { tell(true); if (opened) refresh(); opened = true; });
  source.addEventListener("changed", refresh);
  source.addEventListener("error", () => tell(false));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  setInterval(refresh, AGE_MS); // ages grow although nothing changes
})();
