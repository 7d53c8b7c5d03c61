// What the pages do beyond plain HTML: forms that are sent once, keys, and showing where a field was read. Kind to
// Vietnamese input methods. Everything works without this file, only less comfortably; no request leaves the box.
"use strict";

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
    if (form && form.method === "post") { event.preventDefault(); form.requestSubmit(target.closest?.("form button:not([disabled])") || form.querySelector("button:not([disabled])")); }
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
