// Keys. data-key="g q" on a link, button or field makes it reachable; rows of a
// [data-rows] list are walked with j and k and opened with o or Enter.
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

function press(element) {
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
  else return;
  typed = [];
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
document.addEventListener("htmx:afterSettle", () => {
  if (at) document.getElementById(at)?.classList.add("is-at");
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
