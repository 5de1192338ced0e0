// The form of a synchronization: its answers take the place of the form while somebody goes on in it.
// Without scripts every button submits the form, and the page comes back with all that was typed.

// What is unfolded is part of the form, so that it stays unfolded in the next answer.
const foldedSince = new Map();

function remember(details) {
  const { remember: name, part } = details.dataset;
  for (const field of document.getElementsByName(name)) {
    if (field.dataset.part === part) field.value = details.open ? part : "";
  }
}

document.addEventListener(
  "toggle",
  (event) => {
    if (!event.target.dataset?.remember) return;
    foldedSince.set(event.target, event.target.open);
    remember(event.target);
  },
  true,
);

// What was taken over from a field that adds something leaves it; what somebody typed, chose or unfolded meanwhile stays.
const sent = new WeakMap();
const chosenSince = new Set();
document.addEventListener("change", (event) => chosenSince.add(event.target), true);
document.addEventListener("htmx:config:request", () => {
  chosenSince.clear();
  foldedSince.clear();
  for (const field of document.querySelectorAll("[data-adds]")) sent.set(field, field.value);
});

// An answer says what is chosen by attributes; a list that somebody has touched only listens to its properties.
// A request that was overtaken is dropped (hx-sync), so the last answer knows everything that was chosen before it.
document.addEventListener("htmx:after:swap", () => {
  for (const [details, open] of foldedSince) {
    details.open = open;
    remember(details);
  }
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
