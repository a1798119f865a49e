// Buttons that open and close the dialogs of staff actions, and tabs. No inline handlers, so that a strict CSP works.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    dialog.showModal();
    dialog.querySelector("textarea, input:not([type=hidden]), select")?.focus();
    return;
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) {
    closer.closest("dialog").close();
    return;
  }
  const copier = event.target.closest("[data-copies]");
  if (copier) {
    navigator.clipboard?.writeText(copier.dataset.copies);
  }
});
// A second press while the first is on its way must not act twice.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[type=submit]");
  if (button && event.target.closest(".staff-dialog, .staff-card")) {
    setTimeout(() => { button.disabled = true; }, 0);
  }
});

// A field into which a file may be dropped: the input lies over it, so the browser does the work; this only shows it.
document.addEventListener("DOMContentLoaded", () => {
  for (const zone of document.querySelectorAll(".drop-zone")) {
    const input = zone.querySelector("input[type=file]");
    const name = zone.querySelector("[data-drop-name]");
    // Unfold looks for a text field of its own beside each file input, and fails where there is none.
    input.hasChangeListener = true;
    input.addEventListener("change", () => { name.textContent = input.files.length ? input.files[0].name : "Drop a file here, or choose one"; });
    for (const event of ["dragenter", "dragover"]) zone.addEventListener(event, () => zone.classList.add("is-over"));
    for (const event of ["dragleave", "drop"]) zone.addEventListener(event, () => zone.classList.remove("is-over"));
  }
});

// Keys of every page, named on the help page. The desk and the case page have more of their own (cases.js).
const typesSomewhere = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

function listRows() {
  return document.querySelector("[data-rows], .case-page") ? [] : [...document.querySelectorAll("#result_list tbody tr")];
}

function moveInList(by) {
  const rows = listRows();
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("is-at"));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  rows.forEach((row) => row.classList.remove("is-at"));
  next.classList.add("is-at");
  next.scrollIntoView({ block: "nearest" });
}

const keysOfEveryPage = {
  "?": () => { window.location.href = "/admin/help/"; },
  h: () => { window.location.href = "/admin/"; },
  a: () => { window.location.href = "/admin/compliance/approvalrequest/"; },
  "/": () => { (document.querySelector("#searchbar") ?? document.querySelector("#nav-sidebar input, aside input"))?.focus(); },
  v: () => { document.querySelector("[data-keep-view]")?.focus(); },
  j: () => moveInList(1),
  k: () => moveInList(-1),
  Enter: () => { document.querySelector("#result_list tr.is-at a")?.click(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typesSomewhere(event.target)) return;
  if (document.querySelector("dialog[open]") || !(event.key in keysOfEveryPage)) return;
  const isForList = ["j", "k", "Enter"].includes(event.key);
  if (isForList && (!listRows().length || (event.key === "Enter" && event.target.closest("a, button, summary")))) return;
  event.preventDefault();
  keysOfEveryPage[event.key]();
});

// The order of a lobby: arrows move a row, and the numbers follow. Without this, the numbers alone do it.
document.addEventListener("click", (event) => {
  const mover = event.target.closest("[data-moves]");
  if (!mover) return;
  const row = mover.closest("tr");
  const rows = row.parentElement;
  const neighbour = mover.dataset.moves === "-1" ? row.previousElementSibling : row.nextElementSibling;
  if (!neighbour) return;
  rows.insertBefore(mover.dataset.moves === "-1" ? row : neighbour, mover.dataset.moves === "-1" ? neighbour : row);
  [...rows.querySelectorAll("input[type=number]")].filter((input) => input.value).forEach((input, index) => { input.value = index + 1; });
  mover.focus();
});
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-ticks]");
  if (all) document.getElementsByName(all.dataset.ticks).forEach((box) => { box.checked = all.checked; });
});
