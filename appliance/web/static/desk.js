// The clerk's desk: where the hand begins, and the kinds of paper by number. Keys that every page knows are in box.js.
"use strict";

const roomy = () => innerWidth > 900; // on a phone a focused field opens the keyboard over the scan

if (roomy()) {
  document.querySelector(".queue [aria-current=true]:not(.errands a)")?.scrollIntoView({ block: "nearest" });
  const unsure = [...document.querySelectorAll(".fields .field")].find((field) => field.querySelector(".sure-weak, .sure-check, [aria-invalid]"));
  (document.querySelector(".fields [aria-invalid]") || unsure?.querySelector("input, textarea, select"))?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || !event.altKey || event.ctrlKey || event.shiftKey || event.metaKey) return;
  const number = /^Digit([1-9])$/.exec(event.code), input = document.querySelector("[data-types]");
  const words = document.querySelectorAll("#types option");
  if (!number || !input || !words[number[1] - 1]) return;
  event.preventDefault();
  input.value = words[number[1] - 1].value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.focus();
});
