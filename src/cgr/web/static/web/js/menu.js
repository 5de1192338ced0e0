// The menus of the header. The burger: on narrow screens it shows and hides the main navigation. Escape closes it and gives the focus back.

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

// What the person's name opens closes again by Escape, or when somebody goes elsewhere.
export function closePerson(details) {
  if (!details) return;
  document.addEventListener("click", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    details.open = false;
    details.querySelector("summary").focus();
  });
}
