// One <dialog> for the whole page. htmx fills it when a link has hx-target="#dialog"; it then opens by itself.
// Whoever closes it with something typed is asked first: never lose typed input.

const TYPED = "data-typed";

export function openDialogs(dialog) {
  if (!dialog) return;

  document.addEventListener("htmx:after:swap", () => {
    if (dialog.childElementCount && !dialog.open) {
      dialog.removeAttribute(TYPED);
      dialog.showModal();
    }
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

function mayClose(dialog) {
  return !dialog.hasAttribute(TYPED) || window.confirm(dialog.dataset.ask);
}
