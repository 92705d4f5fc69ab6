// "@" in a text that only colleagues read offers their names: arrows choose, Enter or Tab takes, Escape closes.
import { whenPresent } from "./page.js";

const TYPED = /(?:^|[\s(])@([^\s@][^\n@]{0,40}|)$/;

whenPresent("textarea[data-mentions]", (field) => {
  const form = field.form;
  const list = document.getElementById("mention-list");
  if (!list) return;
  let at = -1;
  let asked = 0;
  let timer = 0;

  const close = () => {
    list.hidden = true;
    list.replaceChildren();
    at = -1;
    for (const name of ["role", "aria-expanded", "aria-controls", "aria-activedescendant"]) field.removeAttribute(name);
  };
  const mark = (index) => {
    at = index;
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === index)));
    const item = list.children[index];
    if (item) field.setAttribute("aria-activedescendant", item.id);
    item?.scrollIntoView({ block: "nearest" });
  };
  const take = (index) => {
    const name = list.children[index].dataset.name;
    const before = field.value.slice(0, field.selectionStart);
    const start = before.length - before.match(TYPED)[1].length;
    field.setRangeText(`${name} `, start, field.selectionStart, "end");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  const show = (people) => {
    if (!people.length) return close();
    list.replaceChildren(
      ...people.map((person, index) => {
        const item = document.createElement("li");
        item.role = "option";
        item.id = `mention-${index}`;
        item.dataset.name = person.name;
        item.textContent = person.name;
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          take(index);
        });
        return item;
      }),
    );
    list.hidden = false;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-expanded", "true");
    field.setAttribute("aria-controls", list.id);
    mark(0);
  };

  field.addEventListener("input", () => {
    clearTimeout(timer);
    const typed = field.value.slice(0, field.selectionStart).match(TYPED);
    if (!typed || typed[1].split(" ").length > 3) return close();
    timer = setTimeout(async () => {
      const mine = ++asked;
      const query = new URLSearchParams({ kind: field.dataset.mentions, q: typed[1] });
      const answer = await fetch(`${form.dataset.people}?${query}`).catch(() => null);
      if (mine !== asked || !answer?.ok) return;
      show((await answer.json()).people);
    }, 150);
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const count = list.children.length;
    if (event.key === "ArrowDown") mark((at + 1) % count);
    else if (event.key === "ArrowUp") mark((at - 1 + count) % count);
    else if ((event.key === "Enter" && !event.metaKey && !event.ctrlKey) || event.key === "Tab") take(at);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  field.addEventListener("blur", close);
});
