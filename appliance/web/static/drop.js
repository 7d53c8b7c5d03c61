// Bringing files in: the form of /hand-in with progress, and the same form in a dialog when files are dropped anywhere.
"use strict";

function bringing(form) {
  const chooser = form.querySelector("input[type=file]"), list = form.querySelector(".progress");
  const button = form.querySelector("button"), home = form.querySelector("#to-home"), words = form.dataset;

  const line = (name) => {
    const item = document.createElement("li"), bar = document.createElement("progress"), text = document.createElement("span");
    item.append(Object.assign(document.createElement("strong"), { textContent: name }), " ", text, bar);
    bar.max = 1; bar.value = 0; text.textContent = words.sending;
    list.append(item);
    return { bar, text };
  };

  const bring = (file) => new Promise((resolve) => {
    const { bar, text } = line(file.name), request = new XMLHttpRequest(), body = new FormData();
    const end = (sentence, tone) => { bar.remove(); text.textContent = sentence; text.className = tone; resolve(); };
    body.append("folder", form.folder.value);
    body.append("file", file);
    request.open("POST", "/hand-in");
    request.setRequestHeader("Accept", "application/json");
    if (document.body.dataset.csrf) request.setRequestHeader("X-Commune-Csrf", document.body.dataset.csrf);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; });
    request.addEventListener("load", () => {
      const result = request.response?.files?.[0];
      if (request.status !== 200 || !result) end(words.broken, "bad");
      else if (result.refused) end(result.refused, "bad");
      else { end(words.done, "good"); if (home) home.hidden = false; }
    });
    request.addEventListener("error", () => end(words.broken, "bad"));
    request.addEventListener("abort", () => end(words.broken, "bad"));
    request.send(body);
  });

  const bringAll = async (files) => {
    button.disabled = true;
    for (const file of files) await bring(file);
    button.disabled = false;
    chooser.value = "";
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); delete form.dataset.sent; bringAll([...chooser.files]); });
  return bringAll;
}

const handIn = document.getElementById("hand-in");
const bringHere = handIn ? bringing(handIn) : null;

// Files dropped on any page: which folder they belong to is a decision (it says what a paper is), so it is asked for,
// in a dialog that holds the form of /hand-in. Where nothing may be handed in, that page has no form and nothing opens.
async function askAndBring(files) {
  const answer = await fetch("/hand-in", { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) return;
  const form = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("hand-in");
  if (!form) return;
  const dialog = document.createElement("dialog"), chooser = form.querySelector("input[type=file]");
  dialog.className = "dropping";
  dialog.setAttribute("aria-label", form.dataset.title);
  const close = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: form.dataset.close });
  close.addEventListener("click", () => dialog.close());
  form.querySelector(".deeds").append(close);
  form.querySelector("#to-home")?.remove();
  form.prepend(Object.assign(document.createElement("h2"), { textContent: form.dataset.title }));
  dialog.append(form);
  document.body.append(dialog);
  bringing(form);
  chooser.files = files;
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  form.folder.focus();
}

const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
const zoneOf = () => handIn?.querySelector(".dropzone") || document.body;
for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  zoneOf().classList.add("over");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zoneOf().classList.remove("over"); });
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  zoneOf().classList.remove("over");
  if (!event.dataTransfer.files.length || document.querySelector("dialog[open]")) return;
  if (bringHere) bringHere([...event.dataTransfer.files]);
  else askAndBring(event.dataTransfer.files);
});
