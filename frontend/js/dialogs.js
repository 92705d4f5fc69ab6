// <button data-dialog="ID"> opens <dialog id=ID>; [data-close] inside closes it.
// <form data-confirm="Sentence" data-confirm-label="Verb"> asks first.
import { whenPresent } from "./page.js";

/** Open a dialog with the focus where work begins: its first field, else the dialog itself. */
export function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
  const first = dialog.querySelector("[autofocus], .dialog-body :is(input:not([type=hidden]), select, textarea, .dialog-actions button)");
  dialog.tabIndex = -1;
  (first ?? dialog).focus();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      openDialog(dialog);
    }
    return;
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  else if (event.target instanceof HTMLDialogElement) event.target.close();
});

// The server sent a dialog that wants to be open (an error inside its form).
whenPresent("dialog[data-open]", openDialog);

const agreed = new WeakSet();
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const asker = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!asker.dataset.confirm || agreed.delete(form)) return;
    const dialog = document.getElementById("confirm");
    if (!(dialog instanceof HTMLDialogElement)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    dialog.querySelector("[data-confirm-text]").textContent = asker.dataset.confirm;
    const yes = dialog.querySelector("[data-confirm-yes]");
    yes.textContent = asker.dataset.confirmLabel || event.submitter?.textContent.trim() || yes.dataset.label;
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes") return;
        agreed.add(form);
        form.requestSubmit(event.submitter);
      },
      { once: true },
    );
    openDialog(dialog);
  },
  true,
);
