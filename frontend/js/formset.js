// <fieldset data-formset="prefix">: rows of a Django formset, added from its
// <template> and taken away. A row taken away is sent empty, which drops it.
document.addEventListener("click", (event) => {
  const set = event.target.closest("[data-formset]");
  if (!set) return;
  if (event.target.closest("[data-formset-add]")) add(set);
  const row = event.target.closest("[data-formset-remove]") && event.target.closest("[data-formset-row]");
  if (row) remove(set, row);
});

function add(set) {
  const total = document.querySelector(`[name="${set.dataset.formset}-TOTAL_FORMS"]`);
  const most = Number(document.querySelector(`[name="${set.dataset.formset}-MAX_NUM_FORMS"]`)?.value ?? 1000);
  const index = Number(total.value);
  if (index >= most) return;
  const copy = document.createElement("template");
  copy.innerHTML = set.querySelector("template").innerHTML.replaceAll("__prefix__", String(index));
  total.value = String(index + 1);
  const row = copy.content.querySelector("[data-formset-row]");
  set.querySelector("[data-formset-rows]").append(row);
  row.querySelector("input, textarea, select")?.focus();
}

function remove(set, row) {
  const next = row.nextElementSibling ?? row.previousElementSibling ?? set;
  for (const control of row.querySelectorAll("input, textarea, select:has(> option[value=''])")) {
    if (control.type === "checkbox") control.checked = false;
    else control.value = "";
  }
  row.hidden = true;
  (next.querySelector("input, textarea") ?? set.querySelector("[data-formset-add]"))?.focus();
}
