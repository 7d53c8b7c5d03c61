// Keeps the wall current: the server sends rows that changed, each with the row before it; nothing else is touched.
// Filters what is there while somebody types. Without this script the form asks the server, and the page is only older.
"use strict";
(() => {
  const banner = document.getElementById("link");
  const words = document.getElementById("link-text");
  const wall = document.getElementById("wall");
  const rows = document.getElementById("rows");
  const tell = (alive) => {
    banner.classList.toggle("lost", !alive);
    words.textContent = alive ? banner.dataset.live : banner.dataset.lost;
  };
  if (!wall) return;

  // -- filter -----------------------------------------------------------------------------------------------------
  const q = document.getElementById("q");
  const show = document.getElementById("show");
  const found = document.getElementById("found");
  const whole = wall.dataset.whole === "1";
  const fold = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replaceAll("đ", "d");
  const fits = {
    "": () => true,
    loud: (row) => row.classList.contains("t3") || row.classList.contains("t4"),
    off: (row) => !row.classList.contains("on"),
    waiting: (row) => row.cells[2].textContent !== "",
  };
  const wanted = (row) =>
    fits[show.value](row) && fold(q.value).split(/\s+/).every((word) => fold(row.cells[0].textContent).includes(word));
  const filter = () => {
    let count = 0;
    for (const row of rows.rows) {
      row.hidden = !wanted(row);
      if (!row.hidden) count += 1;
    }
    found.textContent = found.dataset.words.replace("{n}", count.toLocaleString(document.documentElement.lang));
  };
  if (whole) {
    document.getElementById("apply").hidden = true;
    q.addEventListener("input", (event) => { if (!event.isComposing) filter(); });
    q.addEventListener("compositionend", filter);
    show.addEventListener("change", filter);
    document.getElementById("filter").addEventListener("submit", (event) => {
      if (document.activeElement === q) { event.preventDefault(); filter(); }
    });
  }
  document.getElementById("sort").addEventListener("change", (event) => event.target.form.submit());
  for (const link of document.querySelectorAll("a.view")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      wall.classList.remove("rows", "tiles");
      wall.classList.add(link.dataset.view);
      for (const other of document.querySelectorAll("a.view")) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      fetch(link.href, { method: "HEAD", credentials: "same-origin" }).catch(() => {}); // remembers the choice
    });
  }

  // -- what changed -----------------------------------------------------------------------------------------------
  const byName = wall.dataset.sort === "name";
  const idOf = (box) => "b" + box.replace("commune-", "");
  const put = ([box, before, text]) => {
    const old = document.getElementById(idOf(box));
    if (!old && !whole) return;
    const holder = document.createElement("tbody");
    holder.innerHTML = text;
    const fresh = holder.firstElementChild;
    const focused = old && old.contains(document.activeElement);
    if (whole) fresh.hidden = !wanted(fresh);
    if (byName && old) {
      old.replaceWith(fresh);
    } else if (!byName) {
      if (old) old.remove();
      const previous = before && document.getElementById(idOf(before));
      if (previous) previous.after(fresh); else rows.prepend(fresh);
    }
    if (focused) fresh.querySelector("a").focus({ preventScroll: true });
  };
  let version = wall.dataset.version;
  let source = null;
  const listen = () => {
    source = new EventSource("/events?wall=" + version);
    source.addEventListener("open", () => tell(true));
    source.addEventListener("rows", (event) => {
      const said = JSON.parse(event.data);
      said.rows.forEach(put);
      version = said.version;
      if (said.figures) document.getElementById("figures").innerHTML = said.figures;
      if (said.rows.length && whole) filter();
    });
    source.addEventListener("reload", () => { source.close(); location.reload(); });
    source.addEventListener("error", () => {
      tell(false);
      source.close(); // dialled again with the version we have now, not with that of the first time
      setTimeout(listen, 2000);
    });
  };
  listen();
  window.addEventListener("pagehide", () => source.close());
})();
