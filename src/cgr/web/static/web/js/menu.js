// The burger: on narrow screens it shows and hides the main navigation. Escape closes it and gives the focus back.

export function openMenu(button) {
  if (!button) return;
  const menu = document.getElementById(button.getAttribute("aria-controls"));
  const show = (shown) => {
    button.setAttribute("aria-expanded", String(shown));
    menu.toggleAttribute("data-open", shown);
  };
  button.hidden = false;
  menu.setAttribute("data-folds", "");
  show(false);
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    show(false);
    button.focus();
  });
}
