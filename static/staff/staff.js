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
    input.addEventListener("change", () => { name.textContent = input.files.length ? input.files[0].name : "Drop a file here, or choose one"; });
    for (const event of ["dragenter", "dragover"]) zone.addEventListener(event, () => zone.classList.add("is-over"));
    for (const event of ["dragleave", "drop"]) zone.addEventListener(event, () => zone.classList.remove("is-over"));
  }
});
