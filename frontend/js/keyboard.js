// Keys. data-key="g q" on a link, button or field makes it reachable; rows of a
// [data-rows] list are walked with j and k, opened with o or Enter, and ticked with x.
import { openDialog } from "./dialogs.js";
import { phrase, takesText } from "./page.js";

const PAUSE = 900;
let typed = [];
let timer = 0;

function visible(element) {
  return element.checkVisibility?.() ?? element.offsetParent !== null;
}

function targets() {
  return [...document.querySelectorAll("[data-key]")].filter((one) => visible(one) || one.closest("[popover], details"));
}

function rows() {
  return [...document.querySelectorAll("[data-rows] > tr, [data-rows] > li")].filter(visible);
}

function linkIn(row) {
  return row.querySelector("a.row-link, a[data-open], a[href]");
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("is-at"));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  for (const row of all) row.classList.toggle("is-at", row === next);
  next.scrollIntoView({ block: "nearest" });
  linkIn(next)?.focus({ preventScroll: true });
}

function openRow(event) {
  const row = document.querySelector("[data-rows] > .is-at");
  const link = row && linkIn(row);
  if (!link) return false;
  if (event.shiftKey) window.open(link.href, "_blank", "noopener");
  else link.click();
  return true;
}

function tick() {
  const box = document.querySelector("[data-rows] > .is-at input[type=checkbox]");
  box?.click();
  return Boolean(box);
}

/** Open the menu of the row one is at, or the ticket's; where there is none, the command bar with the page's actions. */
function openMenu() {
  const menu = document.querySelector("[data-rows] > .is-at details.menu") ?? document.querySelector(".ticket-actions details.menu");
  if (!menu) return openBar();
  menu.open = true;
  menu.querySelector(".menu-body :is(a, button)")?.focus();
  return true;
}

function openBar() {
  const opener = document.querySelector("[data-command-bar]");
  opener?.click();
  return Boolean(opener);
}

function turn(to) {
  const link = document.querySelector(`a[rel="${to}"]`);
  link?.click();
  return Boolean(link);
}

/** Do what a key stands for: focus a field (its fold is opened), click anything else. */
export function press(element) {
  for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    if (!element.closest("summary")) fold.open = true;
  }
  if (takesText(element)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function handle(event) {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && takesText(document.activeElement)) return document.activeElement.blur();
  if (takesText(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key.length !== 1) return;

  clearTimeout(timer);
  timer = setTimeout(() => (typed = []), PAUSE);
  typed = [...typed, event.key].slice(-2);

  const wanted = [typed.join(" "), event.key];
  const element = wanted.map((keys) => targets().find((one) => one.dataset.key === keys)).find(Boolean);
  const begins = typed.length === 1 && targets().some((one) => one.dataset.key.startsWith(`${event.key} `));
  if (element && !(begins && element.dataset.key !== event.key)) {
    event.preventDefault();
    typed = [];
    return press(element);
  }
  if (begins) return;
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (event.key.toLowerCase() === "o" && openRow(event)) event.preventDefault();
  else if (event.key === "?") showKeys();
  else if (ALWAYS[event.key]?.()) event.preventDefault();
  else return;
  typed = [];
}

const ALWAYS = { x: tick, ".": openMenu, "/": openBar, "[": () => turn("prev"), "]": () => turn("next") };

/** What can be done on this page, for the command bar: each with its label and its keys. */
export function commands() {
  const found = new Map();
  for (const element of document.querySelectorAll("[data-key], [data-command], a.nav-item, .ticket-actions :is(a, button)")) {
    if (element.matches(":disabled, [data-command-bar]")) continue;
    const label = labelOf(element);
    if (label && !found.has(label)) found.set(label, { element, label, keys: element.dataset.key });
  }
  return [...found.values()];
}

function labelOf(element) {
  if (element.dataset.keyLabel) return element.dataset.keyLabel;
  if (element.getAttribute("aria-label")) return element.getAttribute("aria-label");
  const field = element.labels?.[0];
  const copy = (field ?? element).cloneNode(true);
  for (const extra of copy.querySelectorAll("kbd, .nav-count, svg, .visually-hidden")) extra.remove();
  return copy.textContent.trim() || element.getAttribute("placeholder") || "";
}

function showKeys() {
  const dialog = document.getElementById("keys");
  const list = dialog?.querySelector("[data-keys-here]");
  if (!list) return;
  list.replaceChildren();
  const lines = [...new Map(targets().map((one) => [one.dataset.key, labelOf(one)])).entries()];
  if (rows().length) {
    lines.unshift(["j", phrase("key_next")], ["k", phrase("key_previous")], ["o", phrase("key_open")]);
    lines.splice(3, 0, ["x", phrase("key_tick")]);
  }
  if (!lines.some(([keys]) => keys === "/")) lines.push(["/", phrase("key_search")]);
  lines.push([".", phrase("key_menu")]);
  for (const [keys, to] of [["[", "prev"], ["]", "next"]]) {
    const link = document.querySelector(`a[rel="${to}"]`);
    if (link) lines.push([keys, link.getAttribute("aria-label") ?? link.textContent.trim()]);
  }
  for (const [keys, label] of lines) {
    const name = document.createElement("dt");
    name.textContent = label;
    const caps = document.createElement("dd");
    for (const key of keys.split(" ")) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      caps.append(cap, " ");
    }
    list.append(name, caps);
  }
  openDialog(dialog);
}

// A list that refreshes itself keeps the row one is at.
let at = null;
document.addEventListener("htmx:beforeSwap", () => {
  at = document.querySelector("[data-rows] > .is-at")?.id;
});
// At once, not when all has settled: no key may fall in between and find no row to be at.
document.addEventListener("htmx:afterSwap", () => {
  if (at && !document.querySelector("[data-rows] > .is-at")) document.getElementById(at)?.classList.add("is-at");
  at = null;
});

document.addEventListener("keydown", handle);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-show-keys]")) showKeys();
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-rows] > *");
  if (!row) return;
  for (const one of rows()) one.classList.toggle("is-at", one === row);
});
