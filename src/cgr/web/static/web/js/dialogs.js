// One <dialog> for the whole page. htmx fills it when a link has hx-target="#dialog"; it then opens by itself.
// Whoever closes it with something typed is asked first: never lose typed input.

const TYPED = "data-typed";
const FIELDS = ":is(input, select, textarea):not([type=hidden], :disabled)";

export function openDialogs(dialog) {
  if (!dialog) return;

  document.addEventListener("htmx:after:swap", () => {
    if (!dialog.childElementCount) return;
    const opens = !dialog.open;
    if (opens) {
      dialog.removeAttribute(TYPED);
      dialog.showModal();
    }
    dialog.setAttribute("aria-label", dialog.querySelector("h1")?.textContent ?? "");
    if (opens || !dialog.contains(document.activeElement) || document.activeElement === dialog) begin(dialog);
  });
  dialog.addEventListener("input", () => dialog.setAttribute(TYPED, ""));
  dialog.addEventListener("cancel", (event) => {
    if (!mayClose(dialog)) event.preventDefault();
  });
  dialog.addEventListener("click", (event) => {
    const closes = event.target.closest("[data-close]");
    if (!closes) return;
    event.preventDefault();
    if (mayClose(dialog)) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.replaceChildren();
    dialog.removeAttribute(TYPED);
  });
}

/** Go where somebody begins: to what was refused, else to the first field, rather than to the button that closes. */
function begin(dialog) {
  const refused = dialog.querySelector(":is(.error, .message-error) a[href], [aria-invalid=true]");
  (refused ?? dialog.querySelector(FIELDS))?.focus();
}

function mayClose(dialog) {
  return !dialog.hasAttribute(TYPED) || window.confirm(dialog.dataset.ask);
}
