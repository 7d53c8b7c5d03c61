// Staying current: an event only says "something changed"; then htmx asks for the page itself and swaps the regions that
// differ. A region in which somebody is typing is never swapped: a notice says that it is out of date.
"use strict";

const RECONNECT = 4000, HIDDEN = 30000, SLOW = 30000, HERE = 120000;
const live = window.htmx && document.getElementById("live"); // where htmx was not fetched, or on a page that stays as it is: null
let address = document.body.dataset.liveUrl;

// A request that failed, or was overtaken by a newer one, is no error of the page: htmx would write it to the console as one.
const ORDINARY = ["htmx:afterRequest", "htmx:sendAbort", "htmx:sendError", "htmx:timeout", "htmx:responseError"];
if (window.htmx) htmx.logger = (_element, name, detail) => { if (ORDINARY.includes(name)) delete detail.error; };

const stale = () => { document.getElementById("stale").hidden = false; };

// --- which regions ---------------------------------------------------------------------------------------------------

const shown = new Map(), before = new Map();
for (const region of document.querySelectorAll("[data-live]")) shown.set(region.id, region.outerHTML);
live?.setAttribute("hx-select-oob", [...shown.keys()].map((id) => "#" + id).join(","));

function busy(region) {
  const active = document.activeElement;
  const typing = region.contains(active) && active.matches("input, textarea, select");
  return typing || region.querySelector("form.touched, details[open] form") !== null || region.closest("form.touched") !== null;
}

// What a swap would lose: which link had the focus, which details were open.
function remember(region) {
  const focused = region.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const open = new Set([...region.querySelectorAll("details[open] > summary")].map((each) => each.textContent));
  before.set(region.id, { focused, open });
}

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail, fresh = fragment.firstElementChild?.outerHTML;
  if (!target.matches("[data-live]")) return;
  if (fresh === shown.get(target.id)) event.detail.shouldSwap = false;
  else if (busy(target)) { event.detail.shouldSwap = false; stale(); }
  else { shown.set(target.id, fresh); remember(target); }
});

for (const swapped of ["htmx:oobAfterSwap", "htmx:afterSwap"]) document.addEventListener(swapped, ({ target: region }) => {
  const { focused, open } = before.get(region.id) || {};
  if (!before.delete(region.id)) return;
  for (const each of region.querySelectorAll("details > summary")) if (open.has(each.textContent)) each.parentElement.open = true;
  if (focused) region.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  if (region.dataset.live !== "lists") requestAnimationFrame(() => region.classList.add("fresh"));
  tellUnderway();
});

// --- what an answer means for the page as a whole ----------------------------------------------------------------------

// The session ended by itself: what it showed must not stay on the screen, but what somebody typed must not vanish.
function signedOut() {
  if (document.querySelector("form.touched")) stale();
  else location.assign("/sign-in?next=" + encodeURIComponent(location.pathname));
}

const leaving = () => document.querySelector("form[data-sent]") !== null;
live?.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, serverResponse } = event.detail;
  if (xhr.status === 401) signedOut();
  if (leaving()) event.detail.shouldSwap = false; // a form is on its way: where it leads must not be overtaken by this page's own news
  else if (xhr.status === 200 && / id="sheets"/.test(serverResponse) === !document.getElementById("sheets")) {
    location.replace(address); // not reload(): a page that answers a form would send it again
  }
});

// A form that swaps a part of the page instead of leaving it. A refusal is a page of its own with its reason: the form is
// sent again the plain way, which is refused again and shows it. Never while an input method composes; and the address that the
// page keeps current is the one it has now.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr, serverResponse, requestConfig } = event.detail;
  if (target === live) return;
  if (xhr.status >= 400) { HTMLFormElement.prototype.submit.call(requestConfig.elt); return; }
  const fresh = new DOMParser().parseFromString(serverResponse, "text/html").getElementById(target.id);
  if (!fresh || !target.matches("[data-live]")) return;
  shown.set(target.id, fresh.outerHTML);
  remember(target);
});
document.addEventListener("htmx:confirm", (event) => { if (event.detail.triggeringEvent?.isComposing) event.preventDefault(); });
document.addEventListener("htmx:replacedInHistory", (event) => { address = event.detail.path; });
live?.addEventListener("htmx:configRequest", (event) => { event.detail.path = address; }); // htmx itself keeps the first one

// --- when ----------------------------------------------------------------------------------------------------------------

const refreshSoon = () => htmx.trigger(live, "changed"); // the element's own hx-trigger and hx-sync say how soon, and one at a time

// Which page of which paper is being digitized: told in place, never fetched.
let underway = {};
function tellUnderway() {
  for (const each of document.querySelectorAll("[data-underway]")) {
    const at = underway[each.dataset.underway];
    each.hidden = !at;
    if (at) each.textContent = each.dataset.words.replace("{page}", at[0]).replace("{of}", at[1]);
  }
}

// Not htmx's own extension for events: it cannot give the number the page was made at, and does not rest while hidden.
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
if (live) {
  addEventListener("DOMContentLoaded", listen); // htmx looks through the page then, before this
  setInterval(() => { if (!document.hidden) refreshSoon(); }, SLOW); // what no event tells: a token pulled out, a new day
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => { source?.close(); source = null; }, HIDDEN);
    else if (!source) listen();
  });
  addEventListener("pagehide", () => { source?.close(); source = null; });
  addEventListener("pageshow", (event) => { if (event.persisted) { listen(); refreshSoon(); } });
}

// Somebody who types or reads at an open page is there, though no page is asked for: the session is used.
let told = Date.now();
for (const kind of ["keydown", "pointerdown", "wheel"]) document.addEventListener(kind, () => {
  if (!document.body.dataset.csrf || Date.now() - told < HERE) return;
  told = Date.now();
  fetch("/me/here", { cache: "no-store" }).then((answer) => { if (answer.status === 401) signedOut(); }, () => {});
}, { passive: true });
