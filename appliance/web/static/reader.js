// Reading the file itself, by pdf.js: sharp at any size, its words can be chosen, copied and found. The pictures of the pages
// stay underneath: they are seen until a page is drawn, and where this browser cannot draw it. Only pages near the view are kept
// drawn. A module: a browser too old for it never runs it and keeps the pictures.

const sheets = document.querySelector(".viewer .sheets[data-file]");
const bar = document.querySelector(".viewer-bar");
const MOST_PIXELS = 12e6, SETTLE = 150;

/** The places of one file in the page: opens it once, draws the figures that come near, forgets those that go. */
class Reader {
  constructor(pdfjs, task, file) {
    Object.assign(this, { pdfjs, task, file, drawn: new Map(), texts: [], wanted: [] });
    this.figures = [...sheets.querySelectorAll("figure")].slice(0, file.numPages);
    this.near = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) if (isIntersecting) this.come(target); else this.go(target);
    }, { root: sheets, rootMargin: "60% 0px" });
    this.sizes = new ResizeObserver(() => {
      clearTimeout(this.settling); // larger and smaller come in steps: drawn anew when the last one is there
      this.settling = setTimeout(() => { for (const figure of this.drawn.keys()) this.draw(figure); }, SETTLE);
    });
    for (const figure of this.figures) this.near.observe(figure);
  }

  static async open() {
    const base = new URL(sheets.dataset.reader, location.href).href;
    const pdfjs = await import(base + "pdf.min.mjs");
    pdfjs.GlobalWorkerOptions.workerSrc = base + "pdf.worker.min.mjs";
    // The decoders written in JavaScript: compiling WebAssembly would need a weaker policy for the whole page.
    const task = pdfjs.getDocument({ url: new URL(sheets.dataset.file, location.href).href, wasmUrl: base, useWasm: false, disableAutoFetch: true, verbosity: 0 });
    return new Reader(pdfjs, task, await task.promise);
  }

  come(figure) {
    if (this.drawn.has(figure)) return;
    this.drawn.set(figure, {});
    this.sizes.observe(figure.querySelector(".face")); // tells at once, which draws
  }

  go(figure) {
    const kept = this.drawn.get(figure);
    if (!kept) return;
    this.drawn.delete(figure);
    this.sizes.unobserve(figure.querySelector(".face"));
    kept.drawing?.cancel();
    kept.words?.remove();
    if (kept.canvas) { kept.canvas.width = 0; kept.canvas.remove(); } // its memory at once, not some time
    delete figure.dataset.read;
  }

  async draw(figure) {
    const kept = this.drawn.get(figure), face = figure.querySelector(".face"), across = face.clientWidth;
    if (!kept || !across || kept.across === across) return;
    kept.across = across;
    kept.drawing?.cancel();
    try {
      const page = await this.file.getPage(this.figures.indexOf(figure) + 1);
      const whole = page.getViewport({ scale: 1 }), shown = across / whole.width;
      const scale = Math.min(shown * devicePixelRatio, Math.sqrt(MOST_PIXELS / (whole.width * whole.height)));
      const viewport = page.getViewport({ scale }), canvas = document.createElement("canvas");
      Object.assign(canvas, { width: Math.floor(viewport.width), height: Math.floor(viewport.height) });
      const overtaken = () => this.drawn.get(figure) !== kept || kept.across !== across;
      if (overtaken()) return;
      kept.drawing = page.render({ canvas, viewport });
      await kept.drawing.promise;
      if (overtaken()) return;
      kept.canvas?.remove();
      kept.canvas = canvas;
      face.querySelector("img").after(canvas);
      await this.write(kept, face, page, shown);
      figure.dataset.read = "yes";
    } catch (error) {
      if (error.name !== "RenderingCancelledException") kept.across = 0; // its picture stays; another size tries again
    }
  }

  /** The words of a page over it, invisible, where they are printed; `shown`: pixels of the screen for each point. */
  async write(kept, face, page, shown) {
    const viewport = page.getViewport({ scale: shown }), { pageWidth, pageHeight } = viewport.rawDims;
    const fit = () => {
      kept.words.style.setProperty("--total-scale-factor", String(shown));
      Object.assign(kept.words.style, { width: `${shown * pageWidth}px`, height: `${shown * pageHeight}px` });
    };
    if (kept.words) { fit(); return; }
    kept.words = Object.assign(document.createElement("div"), { className: "words" });
    kept.words.style.setProperty("--total-scale-factor", String(shown));
    await new this.pdfjs.TextLayer({ textContentSource: page.streamTextContent(), container: kept.words, viewport }).render();
    fit();
    if (![...this.drawn.values()].includes(kept)) return;
    face.append(kept.words);
    this.mark(kept.words);
  }

  mark(words) {
    for (const each of words.querySelectorAll("span")) {
      const text = folded(each.textContent);
      each.classList.toggle("found", this.wanted.some((word) => text.includes(word)));
    }
  }

  /** Index of the next page behind `from` that has the words in a row; -1: none has. */
  async find(text, from) {
    const wanted = folded(text), count = this.figures.length;
    this.wanted = wanted.split(" ").filter((word) => word);
    for (const { words } of this.drawn.values()) if (words) this.mark(words);
    for (let step = 1; step <= count && wanted; step += 1) {
      const index = (from + step) % count;
      this.texts[index] ??= await this.textOf(index);
      if (this.texts[index].includes(wanted)) return index;
    }
    return -1;
  }

  async textOf(index) {
    const page = await this.file.getPage(index + 1);
    return folded((await page.getTextContent()).items.map((item) => item.str || "").join(" "));
  }

  close() {
    this.near.disconnect();
    for (const figure of this.figures) this.go(figure);
    this.sizes.disconnect();
    this.task.destroy();
  }
}

const folded = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replaceAll("đ", "d").split(/\s+/).join(" ").trim();

// --- the buttons ---------------------------------------------------------------------------------------------------------

function offer() {
  const button = bar.querySelector("[data-read]"), find = bar.querySelector("[data-find]"), said = bar.querySelector("[data-found]");
  let reader = null, last = -1;

  const show = (opened) => {
    reader = opened;
    button.setAttribute("aria-pressed", String(Boolean(opened)));
    find.hidden = !opened;
    said.textContent = "";
  };
  const read = async () => {
    button.disabled = true;
    try {
      show(await Reader.open());
      button.disabled = false;
    } catch { // a browser, a network or a file that pdf.js cannot manage: the pictures are there
      button.textContent = button.dataset.broken;
    }
  };

  button.addEventListener("click", () => { if (reader) { reader.close(); show(null); } else read(); });
  find.addEventListener("input", () => { last = -1; said.textContent = ""; });
  find.addEventListener("keydown", async (event) => {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    last = await reader.find(find.value, last);
    said.textContent = last < 0 ? (find.value.trim() ? said.dataset.none : "") : said.dataset.page.replace("{n}", last + 1);
    if (last >= 0) sheets.scrollTop += reader.figures[last].getBoundingClientRect().top - sheets.getBoundingClientRect().top - 8;
  });
  button.hidden = false;
  if ("now" in button.dataset) read();
}

if (sheets && bar) offer();
