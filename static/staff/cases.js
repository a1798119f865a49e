// Keys of the compliance desk: one letter, no modifier, never while somebody types. And the fields of a chosen effect.
const opensDialog = { d: "decide", x: "close", n: "write", s: "put-aside", e: "escalate" };
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

function rows() {
  return [...document.querySelectorAll("[data-rows] tbody tr")];
}

function step(by) {
  const listed = rows();
  const parts = listed.length ? listed : [...document.querySelectorAll(".case-page section")];
  if (!parts.length) return;
  const at = parts.findIndex((part) => part.classList.contains("is-at"));
  const next = parts[Math.min(Math.max(at + by, 0), parts.length - 1)];
  parts.forEach((part) => part.classList.remove("is-at"));
  next.classList.add("is-at");
  if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
  next.focus({ preventScroll: true });
  const head = document.querySelector(".case-head");
  next.style.scrollMarginTop = `${(head ? head.offsetHeight : 0) + 12}px`;
  next.scrollIntoView({ block: "start", behavior: "instant" });
}

function press(key) {
  if (key === "j") return step(1);
  if (key === "k") return step(-1);
  if (key === "Enter") return document.querySelector("[data-rows] tbody tr.is-at a")?.click();
  if (key === "g") {
    const desk = document.querySelector("[data-desk]") ?? document.querySelector('a[href$="/admin/compliance/desk/"]');
    return desk?.click();
  }
  if (key === "c") {
    const next = document.querySelector("[data-next]");
    if (next) return next.requestSubmit();
    return document.querySelector("#dialog-claim form")?.requestSubmit();
  }
  if (opensDialog[key]) document.querySelector(`[data-opens="dialog-${opensDialog[key]}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  if (["j", "k", "g", "c", "Enter", ...Object.keys(opensDialog)].includes(event.key)) {
    if (event.key !== "Enter" || document.querySelector("tr.is-at")) event.preventDefault();
    press(event.key);
  }
});

const chosen = document.getElementById("id_decide_effect");
if (chosen) {
  const fields = [...document.querySelectorAll("#dialog-decide [data-effect]")];
  const show = () => {
    for (const field of fields) {
      const row = field.closest(".staff-field");
      row.dataset.effectRow = "";
      row.hidden = field.dataset.effect !== chosen.value;
    }
  };
  chosen.addEventListener("change", show);
  show();
}
