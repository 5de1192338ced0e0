// What somebody was at by the keyboard is still where they are when an answer takes its place: found again by its id.

export function keepFocus() {
  let held = "";
  document.addEventListener("htmx:before:swap", () => {
    held = document.activeElement?.id ?? "";
  });
  document.addEventListener("htmx:after:swap", () => {
    if (held && document.activeElement === document.body) document.getElementById(held)?.focus({ preventScroll: true });
  });
}
