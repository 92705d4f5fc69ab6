// <form data-upload="most bytes" data-too-large="sentence">: says how much of a large file has been sent, in its
// [data-upload-progress]. The answer is gone to, or, where the form came back, put in the place of the page's main part.
import htmx from "./htmx.js";
import { phrase } from "./page.js";
import { toast } from "./toasts.js";

document.addEventListener("change", ({ target }) => {
  const form = target.closest?.("form[data-upload]");
  if (!form || target.type !== "file") return;
  const tooLarge = [...target.files].some((file) => file.size > Number(form.dataset.upload));
  target.setCustomValidity(tooLarge ? form.dataset.tooLarge : "");
  target.reportValidity();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  const bar = form.matches("form[data-upload]") && form.querySelector("[data-upload-progress]");
  if (!bar || ![...form.querySelectorAll("input[type=file]")].some((input) => input.files.length)) return;
  event.preventDefault();
  if (!bar.hidden) return;
  const progress = bar.querySelector("progress");
  const status = bar.querySelector("[role=status]");
  const button = form.querySelector("button[type=submit]");
  const request = new XMLHttpRequest();
  const over = () => {
    bar.hidden = true;
    button?.removeAttribute("aria-busy");
  };
  bar.hidden = false;
  button?.setAttribute("aria-busy", "true");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    const percent = Math.floor((100 * loaded) / Math.max(1, total));
    progress.value = percent;
    status.textContent = status.dataset.sending.replace("{n}", percent);
  });
  request.upload.addEventListener("load", () => {
    progress.removeAttribute("value");
    status.textContent = status.dataset.sent;
  });
  request.addEventListener("load", () => {
    if (request.status < 400) return location.assign(request.responseURL);
    over();
    const main = new DOMParser().parseFromString(request.responseText, "text/html").getElementById("main");
    if (!main) return toast(phrase("server_error"), "error");
    document.getElementById("main").replaceWith(main);
    htmx.process(main);
    main.querySelector("[data-focus-me]")?.focus();
  });
  request.addEventListener("error", () => {
    over();
    toast(phrase("no_connection"), "error");
  });
  request.open("POST", form.action);
  request.send(new FormData(form));
});
