// Small things that several modules share.

/** Call `prepare(element)` once for each match, now and after every htmx swap. */
export function whenPresent(selector, prepare) {
  const seen = new WeakSet();
  const look = (root) => {
    const found = [...root.querySelectorAll(selector)];
    if (root instanceof Element && root.matches(selector)) found.push(root);
    for (const element of found) {
      if (seen.has(element)) continue;
      seen.add(element);
      prepare(element);
    }
  };
  look(document);
  document.addEventListener("htmx:load", (event) => look(event.detail.elt));
}

/** The CSRF token that the server put into the page. */
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

let phrases;

/** A translated phrase from the page, with {n} and the like filled in. */
export function phrase(key, values = {}) {
  phrases ??= JSON.parse(document.getElementById("face-phrases")?.textContent ?? "{}");
  return (phrases[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Whether the keys a person types go into `element`. */
export function takesText(element) {
  if (!(element instanceof HTMLElement)) return false;
  if (element.isContentEditable || element.matches("textarea, select")) return true;
  return element.matches("input") && !element.matches("[type=checkbox], [type=radio], [type=button], [type=submit]");
}
