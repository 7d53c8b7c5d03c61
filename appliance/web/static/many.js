// Choosing many: the button says how many, and all of them can be chosen at once.
"use strict";

const many = document.querySelector(".many-form");
if (many) {
  const button = many.querySelector("[data-count]"), all = many.querySelector("[data-all]");
  const boxes = () => [...many.querySelectorAll("input[name=paper]:not(:disabled)")];
  const count = () => {
    const chosen = boxes().filter((box) => box.checked).length, words = button.dataset.count.replace("{n}", chosen);
    if (button.textContent !== words) button.textContent = words;
    button.disabled = chosen === 0;
    all.hidden = chosen === boxes().length;
  };
  all.addEventListener("click", () => { for (const box of boxes()) box.checked = true; many.classList.add("touched"); count(); });
  many.addEventListener("change", count);
  new MutationObserver(count).observe(many.querySelector(".drafts"), { childList: true }); // box.js brings in new papers
  count();
}
