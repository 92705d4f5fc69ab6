// The live stream: one EventSource while the page is looked at. It says which ticket moved, and no more; the parts
// that show it ask for themselves again (hx-trigger="live:rows from:body" and its like) and get what their reader
// may see. A hidden page keeps no connection (a browser has six to one host) and reads on when it is looked at.
import "./htmx.js";
import { Idiomorph } from "idiomorph/dist/idiomorph-ext.esm.js";
import { phrase } from "./page.js";

const HIDDEN_FOR = 5000;
const NO_STREAM = 30_000; // how often parts are asked for where no stream can be had
const LOST_AFTER = 3000; // shorter breaks are nobody's business
const REST = { rows: 2000, ticket: 500, alerts: 1000 }; // between two requests of one part

const sign = document.getElementById("live-sign");
const ticketPart = document.querySelector("[data-live-ticket]");
let source;
let since = sign?.dataset.liveSince;
let polling;
let lostTimer;

// What a person has unfolded or ticked is theirs: a new version of the part leaves it so.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
  !((name === "open" && element.matches("details")) || (name === "checked" && element.closest("[data-live-rows]")));

/** At once, and then at most every REST milliseconds; the last call is never dropped. */
function rested(name) {
  let timer;
  let free = 0;
  return () => {
    if (timer || document.visibilityState !== "visible") return;
    const wait = Math.max(0, free - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      free = Date.now() + REST[name];
      document.body.dispatchEvent(new CustomEvent(`live:${name}`));
    }, wait + Math.random() * 150);
  };
}
const refresh = { rows: rested("rows"), ticket: rested("ticket"), alerts: rested("alerts") };

function everything() {
  for (const part of Object.values(refresh)) part();
}

function say(text) {
  sign.textContent = text;
  sign.classList.toggle("is-lost", text !== "");
}

function lost() {
  lostTimer ??= setTimeout(() => say(phrase("live_lost")), LOST_AFTER);
}

function back() {
  clearTimeout(lostTimer);
  lostTimer = undefined;
  if (!sign.classList.contains("is-lost")) return;
  say(phrase("live_back"));
  sign.classList.remove("is-lost");
  setTimeout(() => say(""), 3000);
}

// A ticket that went out of one's sight looks as if it were not there, on a page that is open, too.
document.addEventListener("htmx:responseError", ({ target, detail: { xhr } }) => {
  if (target === ticketPart && xhr.status === 404) location.reload();
});

function connect() {
  if (source || polling) return;
  const address = new URL(sign.dataset.live, location.href);
  address.searchParams.set("since", since);
  if (ticketPart) address.searchParams.set("ticket", ticketPart.dataset.liveTicket);
  source = new EventSource(address);
  const heard = (name, react) =>
    source.addEventListener(name, (event) => {
      if (event.lastEventId) since = event.lastEventId;
      react(event.data ? JSON.parse(event.data) : {});
    });
  heard("open", back); // ours, after what was missed; EventSource's own comes before
  heard("ticket", ({ ticket }) => {
    refresh.rows();
    if (ticketPart && Number(ticketPart.dataset.liveTicket) === ticket) refresh.ticket();
  });
  heard("alert", refresh.alerts);
  heard("reload", everything);
  heard("presence", () => document.body.dispatchEvent(new CustomEvent("live:present")));
  source.addEventListener("error", () => {
    if (source?.readyState === EventSource.CLOSED) poll();
    else lost();
  });
}

function disconnect() {
  source?.close();
  source = undefined;
}

/** No stream: signed out, too many pages, or a server without one. Asking is slower, and is all there is. */
function poll() {
  disconnect();
  clearTimeout(lostTimer);
  lostTimer = undefined;
  polling = setInterval(everything, NO_STREAM);
}

let hiding;
if (sign) {
  if (since) {
    document.addEventListener("visibilitychange", () => {
      clearTimeout(hiding);
      if (document.visibilityState === "visible") connect();
      else hiding = setTimeout(disconnect, HIDDEN_FOR);
    });
    addEventListener("pagehide", disconnect);
    addEventListener("pageshow", (event) => event.persisted && connect());
    if (document.visibilityState === "visible") connect();
  } else {
    poll();
  }
}

// Rows that appeared or changed are lit for a moment.
const versions = (root) => new Map([...root.querySelectorAll("tr[data-version]")].map((row) => [row.id, row.dataset.version]));
let before;
document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  if (target.matches?.("[data-live-rows]")) before = versions(target);
});
document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (!before || !target.matches?.("[data-live-rows]")) return;
  for (const [id, version] of versions(target)) {
    if (before.get(id) === version) continue;
    const row = document.getElementById(id);
    row.classList.add("is-fresh");
    setTimeout(() => row.classList.remove("is-fresh"), 2500);
  }
  before = undefined;
});

// A new entry is said, politely, to whoever does not see it.
const entries = () => document.querySelectorAll("[data-live-timeline] .timeline > li").length;
let known = entries();
document.addEventListener("htmx:afterSettle", () => {
  const now = entries();
  if (now > known && ticketPart) {
    say(phrase("new_entries"));
    sign.classList.remove("is-lost");
    setTimeout(() => say(""), 4000);
  }
  known = now;
});

