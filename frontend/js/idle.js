// A session ends after 15 minutes in which nobody did anything. The page says so two minutes before, goes on at
// anything somebody does, and asks for the sign-in when the time is up. Written text that is kept nowhere stays on the
// page until one has signed in again elsewhere. The server alone knows how much time is left: other tabs count too.
import "./htmx.js";
import { csrfToken, phrase } from "./page.js";

const WARN = 120; // seconds before the end
const AT_MOST_EVERY = 45_000; // ms between two words that somebody is there
const JUST_NOW = 10_000;

const dialog = document.getElementById("idle");
const text = dialog?.querySelector("[data-idle-text]");
let acted = Date.now();
let told = Date.now();
let endsAt = Date.now() + Number(dialog?.dataset.seconds) * 1000;
let isTelling = false;
let timer;
const written = new Set();

// What a page asks for by itself says so.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (Date.now() - acted > JUST_NOW) detail.headers["X-Quiet"] = "1";
});

async function ask(method) {
  const headers = method === "POST" ? { "X-CSRFToken": csrfToken() } : {};
  const answer = await fetch(dialog.dataset.idle, { method, headers });
  if (!answer.ok) throw new Error(String(answer.status));
  const { left, token } = await answer.json();
  if (left) {
    document.querySelector('meta[name="csrf-token"]').content = token;
    for (const field of document.getElementsByName("csrfmiddlewaretoken")) field.value = token;
  }
  endsAt = Date.now() + left * 1000;
  return left;
}

async function look() {
  clearTimeout(timer);
  let left;
  try {
    left = await ask("GET");
  } catch {
    left = Math.max(1, Math.round((endsAt - Date.now()) / 1000)); // no connection: what is known
  }
  if (left === 0) return over();
  if (left > WARN) {
    if (dialog.open) dialog.close();
    timer = setTimeout(look, (left - WARN) * 1000);
  } else {
    warn();
  }
}

function warn() {
  if (!dialog.open) dialog.showModal();
  dialog.dataset.state = "warn";
  const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
  text.textContent = phrase("idle_soon", { n: left });
  timer = setTimeout(left > 0 ? warn : look, 1000);
}

function over() {
  const back = `${dialog.dataset.signIn}?idle=1&next=${encodeURIComponent(location.pathname + location.search)}`;
  if (![...written].some((form) => form.isConnected)) return location.assign(back);
  dialog.dataset.state = "over";
  dialog.querySelector("[data-idle-sign-in]").href = back;
  text.textContent = phrase("idle_over");
  if (!dialog.open) dialog.showModal();
  timer = setTimeout(look, 3000);
}

async function goOn() {
  told = Date.now();
  isTelling = true;
  try {
    if ((await ask("POST")) > 0) look();
  } catch {
    // The next thing somebody does tries again.
  } finally {
    isTelling = false;
  }
}

function act(event) {
  if (!event.isTrusted) return;
  acted = Date.now();
  if (dialog.dataset.state === "over") return;
  if (!isTelling && (dialog.open || acted - told > AT_MOST_EVERY)) goOn();
}

if (dialog) {
  for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"]) {
    document.addEventListener(kind, act, { capture: true, passive: true });
  }
  document.addEventListener("input", ({ target, isTrusted }) => {
    if (isTrusted && target.form?.method === "post" && !target.form.hasAttribute("data-autosave")) written.add(target.form);
  });
  document.addEventListener("submit", ({ target }) => written.delete(target));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
  dialog.addEventListener("cancel", (event) => dialog.dataset.state === "over" && event.preventDefault());
  addEventListener("pageshow", (event) => event.persisted && look());
  timer = setTimeout(look, endsAt - Date.now() - WARN * 1000);
}

