// The form of a synchronization: its answers take the place of the form while somebody goes on in it.
// Without scripts every button submits the form, and the page comes back with all that was typed.

// What is unfolded is part of the form, so that it stays unfolded in the next answer.
document.addEventListener(
  "toggle",
  (event) => {
    const details = event.target;
    const name = details.dataset?.remember;
    if (!name) return;
    for (const field of document.getElementsByName(name)) {
      if (field.dataset.part === details.dataset.part) field.value = details.open ? details.dataset.part : "";
    }
  },
  true,
);

// What was taken over from a field that adds something leaves it; what somebody typed or chose meanwhile stays.
const sent = new WeakMap();
const chosenSince = new Set();
document.addEventListener("change", (event) => chosenSince.add(event.target), true);
document.addEventListener("htmx:config:request", () => {
  chosenSince.clear();
  for (const field of document.querySelectorAll("[data-adds]")) sent.set(field, field.value);
});

// An answer says what is chosen by attributes; a list that somebody has touched only listens to its properties.
// A request that was overtaken is dropped (hx-sync), so the last answer knows everything that was chosen before it.
document.addEventListener("htmx:after:swap", () => {
  for (const list of document.querySelectorAll("#sync-form select")) {
    if (chosenSince.has(list)) continue;
    for (const option of list.options) option.selected = option.defaultSelected;
  }
  for (const box of document.querySelectorAll("#sync-form [type=checkbox]")) {
    if (!chosenSince.has(box)) box.checked = box.defaultChecked;
  }
  for (const field of document.querySelectorAll("[data-adds]")) {
    if (sent.get(field) === field.value) field.value = field.defaultValue;
  }
});
