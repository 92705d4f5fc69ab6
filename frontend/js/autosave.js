// <form data-autosave="/draft/"> posts itself, quietly, a second after the last
// change, and says when it was kept in its [data-autosave-status].
import { csrfToken, phrase, whenPresent } from "./page.js";

const WAIT = 1000;

whenPresent("form[data-autosave]", (form) => {
  const status = form.querySelector("[data-autosave-status]");
  let timer = 0;
  let dirty = false;
  let sent = false;

  const say = (text) => {
    if (status) status.textContent = text;
  };

  const fields = () => {
    const data = new FormData(form);
    for (const [name, value] of [...data.entries()]) {
      if (value instanceof File) data.delete(name);
    }
    return data;
  };

  const save = async () => {
    dirty = false;
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body: fields(),
        headers: { "X-CSRFToken": csrfToken(), "X-Autosave": "1" },
        redirect: "error",
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const now = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      say(phrase("saved_at", { time: now }));
    } catch {
      dirty = true;
      say(phrase("not_saved"));
    }
  };

  form.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, WAIT);
  });
  form.addEventListener("submit", () => {
    sent = true;
    clearTimeout(timer);
  });
  // A closed tab loses nothing that was typed in the last second.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden" || !dirty || sent) return;
    const data = fields();
    data.set("csrfmiddlewaretoken", csrfToken());
    navigator.sendBeacon(form.dataset.autosave, data);
    dirty = false;
  });
});
