// [data-show-if="field" data-show-values="a|b"] shows only while that field of its
// form has one of these values. What is hidden is not sent; the server decides anyway.
import { whenPresent } from "./page.js";

whenPresent("[data-show-if]", (part) => {
  const form = part.closest("form");
  const wanted = part.dataset.showValues.split("|");
  const update = () => {
    if (!part.isConnected) return form.removeEventListener("change", update); // htmx has put another in its place
    const shown = wanted.includes(new FormData(form).get(part.dataset.showIf) ?? "");
    part.hidden = !shown;
    for (const control of part.querySelectorAll("input, select, textarea")) control.disabled = !shown;
  };
  form.addEventListener("change", update);
  update();
});
