// [data-keep-open]: what a person has unfolded inside stays so when htmx replaces the part.
let open = [];

document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  if (!target.matches?.("[data-keep-open]")) return;
  open = [...target.querySelectorAll("details[open][id]")].map((part) => part.id);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  open = [];
});
