// The clerk's desk: where the hand begins, and the kinds of paper by number. Keys that every page knows are in box.js.
"use strict";

const roomy = () => innerWidth > 900; // on a phone a focused field opens the keyboard over the scan

if (roomy()) {
  const queue = document.querySelector(".queue"), here = queue.querySelector("li [aria-current=true]");
  if (here) queue.scrollTop = here.offsetTop - queue.clientHeight / 3; // the list alone, never the page
  const unsure = [...document.querySelectorAll(".fields .field")].find((field) => field.querySelector(".sure-weak, .sure-check, [aria-invalid]"));
  (document.querySelector(".fields [aria-invalid]") || unsure?.querySelector("input, textarea, select"))?.focus({ preventScroll: true });
}

// Rarer deeds are opened by Alt+Shift and a letter that no Vietnamese input method takes; doing them is Ctrl+Enter there.
const DEEDS = { KeyP: "recut", KeyV: "recut", KeyG: "join", KeyN: "join-next", KeyK: "attach", KeyB: "send-back", KeyM: "mark-secret" };

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || !event.altKey || event.ctrlKey || event.metaKey) return;
  const deed = event.shiftKey && document.querySelector(`details[data-deed="${DEEDS[event.code]}"]`);
  if (deed) {
    event.preventDefault();
    deed.open = true;
    const named = event.code === "KeyV" && deed.querySelector("button[value=drop]");
    (named || deed.querySelector("textarea, select, input:not([type=hidden]), button:not([disabled])") || deed.firstElementChild).focus();
    return;
  }
  if (event.shiftKey) return;
  const number = /^Digit([1-9])$/.exec(event.code), input = document.querySelector("[data-types]");
  const words = document.querySelectorAll("#types option");
  if (!number || !input || !words[number[1] - 1]) return;
  event.preventDefault();
  input.value = words[number[1] - 1].value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.focus();
});
