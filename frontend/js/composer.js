// The composer: a text for each kind of message. Switching keeps what was typed; files come by drop and paste;
// a macro's text and a quote are put where one writes; what is on its way out counts down.
import { csrfToken, whenPresent } from "./page.js";
import { toast } from "./toasts.js";

const kindOf = (form) => form.querySelector("[name=kind]:checked")?.value;
export const textOf = (form, kind = kindOf(form)) => form.querySelector(`[data-text="${CSS.escape(kind ?? "")}"]`);

/** Put text at the caret of a field, or at its end, as if it were typed. */
function insert(field, text) {
  const before = field.value.slice(0, field.selectionStart);
  const gap = before && !before.endsWith("\n") ? "\n\n" : "";
  field.focus();
  field.setRangeText(gap + text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

whenPresent("form[data-composer]", (form) => {
  let kind = kindOf(form);
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector("[data-files]");

  // The kind that one leaves is kept at once: the autosave that follows is about the new one.
  form.addEventListener("change", (event) => {
    if (event.target.name !== "kind") return;
    const data = new FormData(form);
    for (const [name, value] of [...data.entries()]) if (value instanceof File) data.delete(name);
    data.set("kind", kind);
    if (textOf(form, kind)?.value) {
      fetch(form.dataset.autosave, { method: "POST", body: data, headers: { "X-CSRFToken": csrfToken() } }).catch(() => {});
    }
    kind = kindOf(form);
    document.getElementById("composer-preview")?.replaceChildren();
    textOf(form)?.focus();
  });

  const show = () => {
    list.replaceChildren();
    [...input.files].forEach((file, index) => {
      const row = document.createElement("li");
      const size = file.size < 1024 * 1024 ? `${Math.ceil(file.size / 1024)} kB` : `${(file.size / 1024 / 1024).toFixed(1)} MB`;
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "btn-link";
      drop.textContent = "×";
      drop.setAttribute("aria-label", `× ${file.name}`);
      drop.addEventListener("click", () => keepFiles([...input.files].filter((_, at) => at !== index)));
      row.append(`${file.name} · ${size} `, drop);
      list.append(row);
    });
    list.hidden = !input.files.length;
  };
  const keepFiles = (files) => {
    const all = new DataTransfer();
    for (const file of files) all.items.add(file);
    input.files = all.files;
    show();
  };
  const add = (event, transfer) => {
    const files = [...(transfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    keepFiles([...input.files, ...files]);
  };
  input?.addEventListener("change", show);
  form.addEventListener("paste", (event) => add(event, event.clipboardData));
  form.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("is-over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    form.classList.remove("is-over");
    add(event, event.dataTransfer);
  });
});

// A macro has come: its text goes to the kind that it writes.
document.addEventListener("htmx:afterSwap", (event) => {
  const template = event.target.id === "macro-used" && event.target.querySelector("template[data-macro-kind]");
  if (!template) return;
  const form = event.target.closest("form");
  const radio = form.querySelector(`[name=kind][value="${CSS.escape(template.dataset.macroKind)}"]`);
  if (radio && !radio.checked) radio.click();
  for (const menu of form.querySelectorAll("details[open]")) menu.open = false;
  const field = textOf(form);
  if (field) insert(field, template.content.textContent);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-quote]");
  const form = button && document.querySelector("form[data-composer]");
  if (!form) return;
  const answer = await fetch(`${button.dataset.quote}?kind=${encodeURIComponent(kindOf(form))}`);
  const said = await answer.json().catch(() => ({}));
  if (said.text) insert(textOf(form), said.text);
  else if (said.detail) toast(said.detail, "error");
});

// r and n bring one to the text, not only to the switch.
document.addEventListener("click", (event) => {
  const radio = event.target.closest?.("form[data-composer] [name=kind]");
  if (radio && event.detail === 0) textOf(radio.form, radio.value)?.focus();
});

whenPresent("[data-countdown]", (place) => {
  const due = Date.parse(place.dataset.countdown);
  const tick = () => {
    const left = Math.ceil((due - Date.now()) / 1000);
    if (!place.isConnected) return clearInterval(timer);
    place.textContent =
      left > 0 ? place.dataset.countdownText.replace("{seconds}", String(left)) : place.dataset.countdownOver;
  };
  const timer = setInterval(tick, 1000);
  tick();
});
