// Keeps "3 min ago" and "2 h left" true while the page stays open. The words
// are the server's own, so nothing flickers.
import { phrase } from "./page.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** Seconds as "45 s", "12 min", "2 h 05 min", "3 d 4 h": as in common/templatetags/face.py. */
export function duration(seconds) {
  const all = Math.max(0, Math.floor(seconds));
  if (all < MINUTE) return phrase("seconds", { n: all });
  if (all < HOUR) return phrase("minutes", { n: Math.floor(all / MINUTE) });
  if (all < DAY) {
    const minutes = String(Math.floor((all % HOUR) / MINUTE)).padStart(2, "0");
    return phrase("hours_minutes", { h: Math.floor(all / HOUR), m: minutes });
  }
  return phrase("days_hours", { d: Math.floor(all / DAY), h: Math.floor((all % DAY) / HOUR) });
}

function relative(seconds) {
  const away = Math.abs(seconds);
  if (away < MINUTE) return phrase("just_now");
  const tense = seconds < 0 ? "ago" : "ahead";
  if (away < HOUR) return phrase(`minutes_${tense}`, { n: Math.floor(away / MINUTE) });
  if (away < DAY) return phrase(`hours_${tense}`, { n: Math.floor(away / HOUR) });
  return phrase(`days_${tense}`, { n: Math.floor(away / DAY) });
}

function refresh() {
  const now = Date.now() / 1000;
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const seconds = Date.parse(element.dateTime) / 1000 - now;
    if (Math.abs(seconds) < 30 * DAY) element.textContent = relative(seconds);
  }
  for (const element of document.querySelectorAll(".deadline[data-due]")) {
    const left = Date.parse(element.dataset.due) / 1000 - now;
    const text = element.querySelector(".deadline-left");
    if (!text) continue;
    text.textContent = left < 0 ? phrase("over", { time: duration(-left) }) : phrase("left", { time: duration(left) });
    if (left < 0) element.dataset.deadline = "overdue";
    else if (left < Number(element.dataset.soon ?? HOUR)) element.dataset.deadline = "soon";
  }
}

setInterval(() => document.visibilityState === "visible" && refresh(), 30_000);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
