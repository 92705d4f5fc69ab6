// Everything a page needs, in one file. Each module finds its own work by
// data- attributes, on the page and in what htmx swaps in later.
import "./js/htmx.js";
import "./js/forms.js";
import "./js/autosave.js";
import "./js/composer.js";
import "./js/mentions.js";
import "./js/keyboard.js";
import "./js/command-bar.js";
import "./js/selection.js";
import "./js/menus.js";
import "./js/dialogs.js";
import "./js/theme.js";
import "./js/times.js";
import "./js/toasts.js";
import "./js/copy.js";
import "./js/print.js";
import "./js/conditions.js";
import "./js/formset.js";
import "./js/keep-open.js";
import "./js/live.js";
import "./js/presence.js";
import "./js/passkeys.js";
import "./js/idle.js";
import "./js/chart-loader.js";
import "./js/upload.js";

document.documentElement.classList.add("has-js");
