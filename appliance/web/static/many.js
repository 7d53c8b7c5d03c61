// Choosing many: the button says how many, and all of them can be chosen at once. What box.js brings in is counted too.
"use strict";

const many = document.querySelector(".many-form");
if (many) {
  const boxes = () => [...many.querySelectorAll("input[name=paper]:not(:disabled)")];
  const count = () => {
    const button = many.querySelector("[data-count]"), all = many.querySelector("[data-all]");
    if (!button) return;
    const chosen = boxes().filter((box) => box.checked).length, words = button.dataset.count.replace("{n}", chosen);
    if (button.textContent !== words) button.textContent = words; // only a change: the observer below sees it
    button.disabled = chosen === 0;
    all.hidden = chosen === boxes().length;
  };
  many.addEventListener("click", (event) => {
    if (!event.target.matches("[data-all]")) return;
    for (const box of boxes()) box.checked = true;
    many.classList.add("touched");
    count();
  });
  many.addEventListener("change", count);
  new MutationObserver(count).observe(many, { childList: true, subtree: true });
  count();
}
