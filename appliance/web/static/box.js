// What the pages do beyond plain HTML: stay current, show where a field was read, be kind to Vietnamese input methods.
// Everything works without this file, only less comfortably. No third-party code; no request leaves the box.
"use strict";

const LATER = 150, RECONNECT = 4000, HIDDEN = 30000, SLOW = 30000, HERE = 120000;

// --- staying current ---------------------------------------------------------------------------------------------
// An event only says "something changed"; the page fetches itself again and replaces the regions that differ. A region in
// which somebody is typing is never replaced: a notice says that it is out of date.

const liveUrl = document.body.dataset.liveUrl;
const shown = new Map();
for (const region of document.querySelectorAll("[data-live]")) shown.set(region.dataset.live, region.innerHTML);

function busy(region) {
  const active = document.activeElement;
  const typing = region.contains(active) && active.matches("input, textarea, select");
  return typing || region.querySelector("form.touched, details[open] form") !== null || region.closest("form.touched") !== null;
}

function replace(region, fresh) {
  const focused = region.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const open = new Set([...region.querySelectorAll("details[open] > summary")].map((each) => each.textContent));
  region.innerHTML = fresh;
  for (const each of region.querySelectorAll("details > summary")) if (open.has(each.textContent)) each.parentElement.open = true;
  if (focused) region.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  region.classList.remove("fresh");
  if (region.dataset.live !== "lists") requestAnimationFrame(() => region.classList.add("fresh"));
}

const leaving = () => document.querySelector("form[data-sent]") !== null;
async function refresh() {
  const answer = await fetch(liveUrl, { headers: { Accept: "text/html", "X-Commune-Live": "1" }, cache: "no-store" });
  if (answer.status === 401) { signedOut(); return; }
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (leaving()) return; // a form is on its way: where it leads must not be overtaken by this page's own news
  for (const region of document.querySelectorAll("[data-live]")) {
    const name = region.dataset.live;
    const fresh = page.querySelector(`[data-live="${name}"]`);
    if (!fresh || fresh.innerHTML === shown.get(name)) continue;
    if (busy(region)) { document.getElementById("stale").hidden = false; continue; }
    shown.set(name, fresh.innerHTML);
    region.className = fresh.className;
    replace(region, fresh.innerHTML);
    tellUnderway();
  }
  const sheets = document.getElementById("sheets"), newer = page.getElementById("sheets");
  if (!sheets !== !newer) location.replace(liveUrl); // not reload(): a page that answers a form would send it again
}

// The session ended by itself: what it showed must not stay on the screen, but what somebody typed must not vanish.
function signedOut() {
  if (document.querySelector("form.touched")) document.getElementById("stale").hidden = false;
  else location.assign("/sign-in?next=" + encodeURIComponent(location.pathname));
}

// Somebody who types or reads at an open page is there, though no page is asked for: the session is used.
let told = Date.now();
for (const kind of ["keydown", "pointerdown", "wheel"]) document.addEventListener(kind, () => {
  if (!document.body.dataset.csrf || Date.now() - told < HERE) return;
  told = Date.now();
  fetch("/me/here", { cache: "no-store" }).then((answer) => { if (answer.status === 401) signedOut(); }, () => {});
}, { passive: true });

// Which page of which paper is being digitized: told in place, never fetched.
let underway = {};
function tellUnderway() {
  for (const each of document.querySelectorAll("[data-underway]")) {
    const at = underway[each.dataset.underway];
    each.hidden = !at;
    if (at) each.textContent = each.dataset.words.replace("{page}", at[0]).replace("{of}", at[1]);
  }
}

let waiting = null, running = false, again = false;
function refreshSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    if (running) { again = true; return; }
    running = true;
    try { await refresh(); } catch { /* the service is away; the next event or reconnect tries again */ }
    running = false;
    if (again) { again = false; refreshSoon(); }
  }, LATER);
}

let source = null, opened = 0;
function listen() {
  source = new EventSource("/events?since=" + document.body.dataset.liveNumber);
  source.addEventListener("open", () => { if (opened++) refreshSoon(); });
  source.addEventListener("changed", refreshSoon);
  source.addEventListener("underway", (event) => { underway = JSON.parse(event.data); tellUnderway(); });
  source.addEventListener("error", () => {
    if (source && source.readyState === EventSource.CLOSED) setTimeout(() => { if (source) listen(); }, RECONNECT);
  });
}

let hiding = null;
if (liveUrl) {
  listen();
  setInterval(() => { if (!document.hidden) refreshSoon(); }, SLOW); // what no event tells: a token pulled out, a new day
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => { source?.close(); source = null; }, HIDDEN);
    else if (!source) listen();
  });
  addEventListener("pagehide", () => { source?.close(); source = null; });
  addEventListener("pageshow", (event) => { if (event.persisted) { listen(); refreshSoon(); } });
}

// --- forms ---------------------------------------------------------------------------------------------------------

document.addEventListener("input", (event) => event.target.form?.classList.add("touched"));
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return; // a script sends it itself and the page stays
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 5000);
});

const composing = (event) => event.isComposing || event.keyCode === 229;

document.addEventListener("keydown", (event) => {
  if (composing(event)) return;
  const target = event.target;
  if (event.key === "Enter" && event.ctrlKey) {
    const form = target.closest?.("form") || document.querySelector("form[data-primary]");
    if (form && form.method === "post") { event.preventDefault(); form.requestSubmit(form.querySelector("button:not([disabled])")); }
  } else if (event.key === "Enter" && target.matches?.(".fields input")) {
    event.preventDefault(); // Enter goes on to the next field; approving is Ctrl+Enter or the button
    const inputs = [...target.form.querySelectorAll("input:not([type=hidden]), select, textarea")];
    inputs[inputs.indexOf(target) + 1]?.focus();
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const link = document.querySelector(event.key === "ArrowUp" ? "a[rel=prev]" : "a[rel=next]");
    if (link) { event.preventDefault(); link.click(); }
  } else if (event.key === "F2") {
    const sheets = document.getElementById("sheets");
    if (sheets) { event.preventDefault(); sheets.focus(); sheets.scrollIntoView({ block: "nearest" }); }
  } else if (event.key === "Escape") light(null);
});

// --- where a field was read ------------------------------------------------------------------------------------------

function light(name, scroll) {
  for (const mark of document.querySelectorAll("rect.lit")) mark.classList.remove("lit");
  if (!name) return;
  const marks = [...document.querySelectorAll("rect[data-mark]")].filter((mark) => mark.dataset.mark === name);
  for (const mark of marks) mark.classList.add("lit");
  const sheets = document.getElementById("sheets");
  if (scroll && marks.length && sheets && innerWidth > 900) {
    const mark = marks[0].getBoundingClientRect(), frame = sheets.getBoundingClientRect();
    const away = mark.top < frame.top || mark.bottom > frame.bottom || mark.left < frame.left || mark.right > frame.right;
    if (away) sheets.scrollBy({ top: mark.top - frame.top - 80, left: mark.left - frame.left - 20, behavior: "smooth" });
  }
}
const fieldAt = (event) => event.target.closest?.("[data-field]");
document.addEventListener("mouseover", (event) => { const field = fieldAt(event); if (field) light(field.dataset.field, false); });
document.addEventListener("focusin", (event) => { const field = fieldAt(event); if (field) light(field.dataset.field, true); });
document.addEventListener("click", (event) => { const field = fieldAt(event); if (field) light(field.dataset.field, true); });
