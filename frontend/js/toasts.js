// Short notes at the corner. Errors stay until they are closed.
import { whenPresent } from "./page.js";

const STAYS = 6000;

/** Show a note. `tone`: info, success, warning or error. */
export function toast(text, tone = "info") {
  const template = document.getElementById("toast-template");
  const region = document.getElementById("messages");
  if (!template || !region) return;
  const note = template.content.firstElementChild.cloneNode(true);
  note.dataset.tone = tone;
  note.querySelector("p").textContent = text;
  region.append(note);
  leaveLater(note);
}

function leaveLater(note) {
  if (note.dataset.tone === "error" || note.dataset.leaving) return;
  note.dataset.leaving = "1";
  let timer = setTimeout(() => note.remove(), STAYS);
  note.addEventListener("mouseenter", () => clearTimeout(timer));
  note.addEventListener("mouseleave", () => (timer = setTimeout(() => note.remove(), STAYS)));
}

whenPresent(".toast-note", leaveLater);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".toast-note, .notice")?.remove();
});
