// Ctrl K or ⌘ K: one field for finding and doing. The server sends what it found; the actions are the
// buttons and links of this very page (data-key, data-command), so nobody is offered what they may not do.
import { commands, press } from "./keyboard.js";
import { openDialog } from "./dialogs.js";
import { mayBecomeACard } from "./long-numbers.js";
import { phrase } from "./page.js";

const dialog = document.getElementById("command-bar");
const field = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
const MOST_ACTIONS = 8;
let timer = 0;
let asked;
let doing = new Map();
let isStale = false; // what is shown answers an older text

const options = () => [...list.querySelectorAll("[role=option]")];
const current = () => list.querySelector("[aria-selected=true]");

function folded(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function mark(option) {
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  if (!option) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function actions(text) {
  const words = folded(text).split(/\s+/).filter(Boolean);
  const fits = commands().filter(({ label }) => words.every((word) => folded(label).includes(word)));
  doing = new Map();
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", list.dataset.actions);
  const heading = document.createElement("p");
  heading.className = "command-heading";
  heading.setAttribute("aria-hidden", "true");
  heading.textContent = list.dataset.actions;
  group.append(heading);
  for (const [at, { element, label, keys }] of fits.slice(0, MOST_ACTIONS).entries()) {
    const option = document.createElement("div");
    option.id = `command-do-${at}`;
    option.className = "command-option";
    option.setAttribute("role", "option");
    const name = document.createElement("span");
    name.className = "truncate";
    name.textContent = label;
    option.append(name);
    if (keys) {
      const cap = document.createElement("kbd");
      cap.textContent = keys;
      option.append(cap);
    }
    doing.set(option, element);
    group.append(option);
  }
  return doing.size ? group : null;
}

function show(html, text) {
  isStale = field.value !== text;
  list.innerHTML = html;
  const group = actions(text);
  if (group) {
    // While somebody searches, what was found comes first.
    const last = text.trim() && list.querySelector("#command-all")?.parentElement;
    if (last) last.before(group);
    else list.append(group);
  }
  mark(options()[0]);
  const said = dialog.querySelector("[data-command-count]");
  said.textContent = said.dataset.commandCount.replace("{n}", options().length);
}

async function ask() {
  const text = field.value;
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await fetch(`${field.dataset.url}?${new URLSearchParams({ q: text })}`, {
      signal: asked.signal,
      headers: { "X-Requested-With": "fetch" },
    });
    if (answer.redirected) return location.assign(answer.url);
    show(answer.ok ? await answer.text() : "", text);
  } catch (error) {
    if (error.name === "AbortError") return;
    const note = document.createElement("p");
    note.className = "command-note";
    note.textContent = phrase("no_connection");
    show(note.outerHTML, text);
  }
}

/** Open the bar, empty, with the person's own tickets and the page's actions. */
export function openBar() {
  if (!dialog || (document.querySelector("dialog[open]") ?? dialog) !== dialog) return;
  field.value = "";
  show("", "");
  openDialog(dialog);
  field.focus();
  ask();
}

function choose(option, { apart }) {
  if (!option) return;
  if (option.dataset.fill !== undefined) {
    field.value = option.dataset.fill;
    field.focus();
    return ask();
  }
  const element = doing.get(option);
  if (!element && apart) return window.open(option.href, "_blank", "noopener");
  dialog.close();
  if (element) press(element);
  else location.assign(option.href);
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else openBar();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-command-bar]")) return;
    event.preventDefault();
    event.target.closest("[popover]")?.hidePopover?.();
    openBar();
  });
  field.addEventListener("input", () => {
    isStale = true;
    clearTimeout(timer);
    if (!mayBecomeACard(field.value)) timer = setTimeout(ask, 120);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    const at = all.indexOf(current());
    if (event.key === "ArrowDown") mark(all[(at + 1) % all.length]);
    else if (event.key === "ArrowUp") mark(all[(at - 1 + all.length) % all.length]);
    else if (event.key === "Tab" && current()?.dataset.fill !== undefined) choose(current(), { apart: false });
    else if (event.key === "Enter" && isStale) {
      // Typed and sent at once: open what fits the text, not what stood there before.
      clearTimeout(timer);
      ask().then(() => choose(current(), { apart: event.ctrlKey || event.metaKey }));
    } else if (event.key === "Enter" && current()) choose(current(), { apart: event.ctrlKey || event.metaKey });
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option || (option.href && (event.ctrlKey || event.metaKey || event.shiftKey))) return;
    event.preventDefault();
    choose(option, { apart: false });
  });
}
