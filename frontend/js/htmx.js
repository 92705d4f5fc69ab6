import htmx from "htmx.org";
import "idiomorph/dist/idiomorph-ext.esm.js";
import { csrfToken, phrase } from "./page.js";
import { toast } from "./toasts.js";

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
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

// A swap must not take the keyboard from under a person's hands. htmx keeps the
// focus by id; what has none is found again by its name inside the same form.
let focused = null;
document.addEventListener("htmx:beforeSwap", () => {
  const element = document.activeElement;
  focused = element?.name && !element.id ? { name: element.name, form: element.form?.getAttribute("action") } : null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (!focused || document.activeElement !== document.body) return;
  for (const element of document.getElementsByName(focused.name)) {
    if (element.form?.getAttribute("action") === focused.form) return element.focus({ preventScroll: true });
  }
});

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
