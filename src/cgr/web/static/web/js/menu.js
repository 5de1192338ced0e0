// The menus of the header. The burger: where the entries of the main navigation don't fit into one line, in whatever
// language and beside whatever name, it shows and hides them. Escape closes it and gives the focus back.

export function openMenu(button) {
  if (!button) return;
  const menu = document.getElementById(button.getAttribute("aria-controls"));
  const show = (shown) => {
    button.setAttribute("aria-expanded", String(shown));
    menu.toggleAttribute("data-open", shown);
  };
  const fold = () => {
    if (!menu.parentElement.offsetHeight) return; // on paper there is no header to fit into
    menu.removeAttribute("data-folds");
    const entries = menu.querySelectorAll("li");
    const [first, last] = [entries[0], entries[entries.length - 1]];
    const after = menu.parentElement.lastElementChild; // it goes to a second line before the entries do
    const folds = first.offsetTop !== last.offsetTop || after.offsetTop >= menu.offsetTop + menu.offsetHeight;
    menu.toggleAttribute("data-folds", folds);
    button.hidden = !folds;
  };
  fold();
  window.addEventListener("resize", fold);
  show(false);
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    show(false);
    button.focus();
  });
}

// On a narrow screen the menu of the settings is folded below the name of the page; on a wide one it stands beside it.
export function foldSections(details) {
  if (!details) return;
  const narrow = window.matchMedia("(max-width: 900px)");
  const fold = () => details.toggleAttribute("open", !narrow.matches);
  fold();
  narrow.addEventListener("change", fold);
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
