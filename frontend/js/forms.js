// A second click on a button that is already sending does nothing.
const sending = new WeakSet();

function buttonOf(form, submitter) {
  return submitter ?? form.querySelector("button[type=submit], button:not([type])");
}

function begin(form, submitter) {
  sending.add(form);
  buttonOf(form, submitter)?.setAttribute("aria-busy", "true");
}

function end(form) {
  sending.delete(form);
  const own = form.id ? document.querySelectorAll(`button[form="${CSS.escape(form.id)}"][aria-busy]`) : [];
  for (const button of [...form.querySelectorAll("button[aria-busy]"), ...own]) button.removeAttribute("aria-busy");
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (sending.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    // Later listeners (a confirmation, htmx) may still stop it: judge when they have run.
    setTimeout(() => {
      if (!event.defaultPrevented) begin(form, event.submitter);
    });
  },
  true,
);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target instanceof HTMLFormElement && event.detail.requestConfig.verb !== "get") {
    begin(event.target, event.detail.requestConfig.triggeringEvent?.submitter);
  }
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target instanceof HTMLFormElement) end(event.target);
});

// Back from the browser's page cache: everything can be sent again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) end(form);
});

// <form data-submit-on-change>: filters and small switches need no button. Boxes
// in a menu are sent together, when the menu closes.
const changedMenus = new WeakSet();
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form?.hasAttribute("data-submit-on-change")) return;
  const menu = event.target.closest("details.menu");
  if (menu) changedMenus.add(menu);
  else form.requestSubmit();
});
document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.open && changedMenus.delete(menu)) menu.closest("form")?.requestSubmit();
  },
  true,
);

// Empty filters stay out of the address.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("form.filters")) return;
  for (const [name, value] of [...event.formData.entries()]) {
    if (value === "") event.formData.delete(name);
  }
});

// Cmd/Ctrl + Enter sends the form one is writing in.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
  const form = event.target.form;
  if (!form || !event.target.matches("textarea")) return;
  event.preventDefault();
  form.requestSubmit();
});

// <ul data-focus>: errors are read out at once.
document.querySelector("[data-focus-me]")?.focus();
