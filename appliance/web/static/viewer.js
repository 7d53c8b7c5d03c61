// Looking at a scan: page after page, larger and smaller, turned. The view is the person's alone; nothing is sent.
"use strict";

const viewer = document.querySelector(".viewer .sheets");
if (viewer) {
  const bar = document.querySelector(".viewer-bar"), figures = [...viewer.querySelectorAll("figure")];
  const smallest = 0.5, largest = 4, step = 1.25, sharp = 1.2;
  let zoom = 1;
  bar.hidden = false;

  const present = () => {
    const middle = viewer.getBoundingClientRect().top + viewer.clientHeight / 3;
    const found = figures.findIndex((each) => each.getBoundingClientRect().bottom > middle);
    return found < 0 ? figures.length - 1 : found;
  };
  const asked = document.querySelector("[data-present-page]"); // a form about the page that is looked at
  const tell = () => {
    if (asked && !asked.form.classList.contains("touched")) asked.value = present() + 1; bar.querySelector("[data-view=at]").textContent = `${present() + 1}/${figures.length}`; };
  const open = (index) => {
    const figure = figures[Math.max(0, Math.min(index, figures.length - 1))];
    viewer.scrollTop += figure.getBoundingClientRect().top - viewer.getBoundingClientRect().top - 8;
    tell();
  };
  const scale = (factor) => {
    const at = present(), before = zoom;
    zoom = Math.max(smallest, Math.min(largest, zoom * factor));
    if (zoom === before) return;
    viewer.style.setProperty("--zoom", zoom.toFixed(3));
    if (zoom > sharp) for (const image of viewer.querySelectorAll("img[data-wide]")) { image.src = image.dataset.wide; delete image.dataset.wide; }
    open(at);
  };
  const turn = () => {
    const leaf = figures[present()].querySelector(".leaf"), face = leaf.firstElementChild, ratio = Number(leaf.dataset.ratio);
    const quarters = (Number(leaf.dataset.quarters || 0) + 1) % 4, aside = quarters % 2 === 1;
    leaf.dataset.quarters = quarters;
    leaf.classList.toggle("turned", quarters !== 0);
    leaf.style.aspectRatio = quarters ? String(aside ? 1 / ratio : ratio) : "";
    face.style.width = quarters ? (aside ? `${100 * ratio}%` : "100%") : "";
    face.style.transform = quarters ? `translate(-50%, -50%) rotate(${90 * quarters}deg)` : "";
  };
  const views = {
    before: () => open(present() - 1), after: () => open(present() + 1),
    smaller: () => scale(1 / step), larger: () => scale(step), turn,
  };

  tell();
  viewer.addEventListener("scroll", tell, { passive: true });
  bar.addEventListener("click", (event) => { const wanted = event.target.dataset.view; if (views[wanted]) views[wanted](); });

  // By the place of a key where a layout or an input method may give it another letter.
  const wanted = (event) => {
    if (event.key === "PageUp") return "before";
    if (event.key === "PageDown") return "after";
    if (event.code === "Equal" || event.code === "NumpadAdd") return "larger";
    if (event.code === "Minus" || event.code === "NumpadSubtract") return "smaller";
    return event.code === "KeyR" && event.shiftKey ? "turn" : "";
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || !event.altKey || event.ctrlKey || event.metaKey) return;
    const name = wanted(event);
    if (name) { event.preventDefault(); views[name](); }
  });
}
