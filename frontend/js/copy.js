// <button data-copy="text"> puts it on the clipboard.
import { phrase } from "./page.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const title = button.title;
  button.classList.add("is-copied");
  button.title = phrase("copied");
  setTimeout(() => {
    button.classList.remove("is-copied");
    button.title = title;
  }, 1500);
});
