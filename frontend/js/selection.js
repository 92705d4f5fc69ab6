// Ticked rows of a list: <input type=checkbox name=ticket form=ID>, for <form id=ID data-selection="{n} selected">.
// [data-select-row] (the key x) ticks the row one is at, Shift and a click a range, [data-select-all] the page, [data-select-none] or Escape none.
// What is ticked outlives a list that refreshes itself, as long as its rows are there.
import { takesText } from "./page.js";

const form = () => document.querySelector("form[data-selection]");
const boxes = () => [...document.querySelectorAll(`input[name=ticket][form="${CSS.escape(form()?.id ?? "")}"]`)];
const ticked = new Set();
let last = null;

function show() {
  const bar = form();
  if (!bar) return;
  const all = boxes();
  const present = new Set(all.map((box) => box.value));
  for (const value of ticked) if (!present.has(value)) ticked.delete(value);
  for (const box of all) {
    box.checked = ticked.has(box.value);
    box.closest("tr")?.classList.toggle("is-ticked", box.checked);
  }
  const everything = bar.elements.namedItem("everything");
  if (everything && !ticked.size) everything.checked = false;
  bar.classList.toggle("is-on", ticked.size > 0);
  bar.querySelector("output").textContent = bar.dataset.selection.replace("{n}", ticked.size);
  const head = document.querySelector("[data-select-all]");
  if (head) {
    head.checked = all.length > 0 && ticked.size === all.length;
    head.indeterminate = ticked.size > 0 && ticked.size < all.length;
  }
}

function tick(box, on) {
  if (on) ticked.add(box.value);
  else ticked.delete(box.value);
}

function none() {
  ticked.clear();
  show();
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("input[name=ticket]");
  if (box && form()) {
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)];
    const range = event.shiftKey && from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    for (const one of range) tick(one, box.checked);
    last = box;
    show();
  } else if (event.target.closest("[data-select-all]")) {
    const on = event.target.checked;
    for (const one of boxes()) tick(one, on);
    show();
  } else if (event.target.closest("[data-select-none]")) none();
  else if (event.target.closest("[data-select-row]")) {
    const here = document.querySelector("[data-rows] > .is-at input[name=ticket]");
    if (!here) return;
    tick(here, !ticked.has(here.value));
    last = here;
    show();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || takesText(event.target)) return;
  if (event.key === "Escape" && ticked.size && !document.querySelector("dialog[open], details.menu[open]")) none();
});

// Boxes that the browser has kept ticked count, too.
for (const box of boxes()) tick(box, box.checked);
show();
document.addEventListener("htmx:afterSettle", show);
window.addEventListener("pageshow", show);
