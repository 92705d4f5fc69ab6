// [data-presence]: tells the server that this page is looked at, or that an answer is being written in its composer,
// and shows who else does. A sign of life every 20 seconds, and at once when something changes.
import { csrfToken } from "./page.js";
import htmx from "./htmx.js";

const EVERY = 20_000;
const IDLE = 15_000; // after the last key, somebody thinks and does not write

const here = document.querySelector("[data-presence]");
let does = "look";
let idle;

function tell() {
  if (document.visibilityState !== "visible") return;
  const address = here.dataset.presence;
  htmx.ajax("POST", address, { source: here, target: here, swap: "morph:innerHTML", values: { does } });
}

function set(what) {
  if (does === what) return;
  does = what;
  tell();
}

function leave() {
  const form = new FormData();
  form.set("does", "leave");
  form.set("csrfmiddlewaretoken", csrfToken());
  navigator.sendBeacon(here.dataset.presence, form);
}

if (here) {
  document.addEventListener("input", ({ target }) => {
    if (!target.matches?.("#composer textarea")) return;
    clearTimeout(idle);
    idle = setTimeout(() => set("look"), IDLE);
    set(target.value.trim() ? "reply" : "look");
  });
  document.body.addEventListener("live:present", tell);
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? tell() : leave()));
  addEventListener("pagehide", leave);
  setInterval(tell, EVERY);
  tell();
}
