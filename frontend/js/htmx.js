import htmx from "htmx.org";
import "idiomorph/dist/idiomorph-ext.esm.js";
import { mayBecomeACard } from "./long-numbers.js";
import { csrfToken, phrase } from "./page.js";
import { toast } from "./toasts.js";

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const { verb, triggeringEvent, parameters } = event.detail.requestConfig;
  if (verb !== "get" || triggeringEvent?.type !== "input") return;
  if (Object.values(parameters).some((value) => mayBecomeACard(String(value)))) event.preventDefault();
});

// The answer may be a whole page (a redirect to sign-in): go there instead of
// pasting it into a part.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const whole = target !== document.body && /^\s*<!doctype html/i.test(xhr.responseText);
  if (!whole || event.detail.boosted || event.detail.requestConfig.elt.hasAttribute("hx-select")) return;
  event.detail.shouldSwap = false;
  location.assign(xhr.responseURL || location.href);
});

// A swap must not take the keyboard from under a person's hands. Whatever had the focus and is gone from the page is
// found again: by its id, by its name in the same form, as the same row, else as the row that took its place.
let focused = null;
document.addEventListener("focusin", ({ target }) => {
  const row = target.closest("[data-rows] > *");
  focused = {
    element: target,
    id: target.id,
    name: target.name,
    value: target.value,
    form: target.form?.getAttribute("action"),
    row: row?.id,
    at: row ? [...document.querySelectorAll("[data-rows] > *")].indexOf(row) : -1,
    around: [...ancestors(target)].map((one) => one.id).filter(Boolean),
  };
});

function* ancestors(element) {
  for (let one = element.parentElement; one && one !== document.body; one = one.parentElement) yield one;
}

function successor({ id, name, value, form, row, at, around }) {
  const inRow = (one) =>
    one?.querySelector("a.row-link, a[data-open]") ?? one?.querySelector("a[href], button, input");
  const isIt = (one) =>
    one.form?.getAttribute("action") === form && (!/^(checkbox|radio)$/.test(one.type) || one.value === value);
  const same = id && document.getElementById(id);
  if (same) return same;
  const named = name && [...document.getElementsByName(name)].find(isIt);
  if (named) return named;
  if (at >= 0) {
    const rows = [...document.querySelectorAll("[data-rows] > *")];
    const next = inRow(row && document.getElementById(row)) ?? inRow(rows[Math.min(at, rows.length - 1)]);
    if (next) return next;
  }
  const place = around.map((one) => document.getElementById(one)).find(Boolean) ?? document.getElementById("main");
  if (place && !place.hasAttribute("tabindex")) place.tabIndex = -1;
  return place;
}

function keepFocus() {
  if (!focused || focused.element.isConnected || document.activeElement !== document.body) return;
  const was = focused.element;
  const now = successor(focused);
  now?.focus({ preventScroll: true });
  if (was.selectionStart != null && now?.setSelectionRange && was.type === now.type) {
    now.setSelectionRange(was.selectionStart, was.selectionEnd);
  }
}
document.addEventListener("htmx:afterSettle", keepFocus);
document.addEventListener("htmx:oobAfterSwap", keepFocus);

let waiting = 0;
const show = (change) => {
  waiting = Math.max(0, waiting + change);
  document.documentElement.classList.toggle("is-loading", waiting > 0);
};
const quiet = (event) => event.target.closest?.("[data-quiet]");
document.addEventListener("htmx:beforeRequest", (event) => quiet(event) || show(1));
document.addEventListener("htmx:afterRequest", (event) => quiet(event) || show(-1));

document.addEventListener("htmx:responseError", (event) => {
  if (quiet(event)) return;
  const status = event.detail.xhr.status;
  toast(phrase(status === 403 || status === 404 ? "not_there" : "server_error"), "error");
});
document.addEventListener("htmx:sendError", (event) => quiet(event) || toast(phrase("no_connection"), "error"));

export default htmx;
