// The Explorer: the tree by keyboard, the date by a slider, the map and the card by each other.
// Without scripts the tree is links, the date a field with a button, and the map isn't there.

const OPEN = "cgr:open";
const DAY = 86400000;
const YEARS_BACK = 30;

const tree = document.querySelector("[data-tree]");
const map = document.querySelector("cgr-map");
const card = document.querySelector("#card");

const isShown = (item) => !item.closest("ul[role=group][hidden]");
const items = () => [...tree.querySelectorAll("[role=treeitem]")].filter(isShown);
const below = (item) => document.getElementById(item.getAttribute("aria-owns") ?? "");
const above = (item) => item.closest("ul[role=group]")?.parentElement.querySelector("[role=treeitem]");

function open(item, shown) {
  const group = below(item);
  if (!group) return;
  item.setAttribute("aria-expanded", String(shown));
  group.hidden = !shown;
  if (shown) group.dispatchEvent(new CustomEvent(OPEN));
}

// One item can be reached by Tab, the arrows lead to the others.
function rove(item, focus = true) {
  tree.querySelectorAll("[role=treeitem]").forEach((one) => one.setAttribute("tabindex", one === item ? "0" : "-1"));
  if (focus) item.focus();
}

function press(event) {
  const item = event.target.closest("[role=treeitem]");
  if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = items();
  const place = all.indexOf(item);
  const expanded = item.getAttribute("aria-expanded");
  const steps = {
    ArrowDown: () => all[place + 1],
    ArrowUp: () => all[place - 1],
    Home: () => all[0],
    End: () => all.at(-1),
    ArrowRight: () => (expanded === "false" ? open(item, true) : expanded === "true" ? below(item).querySelector("[role=treeitem]") : undefined),
    ArrowLeft: () => (expanded === "true" ? open(item, false) : above(item)),
    " ": () => void item.click(),
  };
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  const to = step();
  if (to) rove(to);
}

function startTree() {
  if (!tree) return;
  rove(tree.querySelector("[aria-current]") ?? tree.querySelector("[role=treeitem]"), false);
  tree.addEventListener("keydown", press);
  // The little triangle opens a branch and leaves the card alone; the name opens both.
  tree.addEventListener("click", (event) => {
    const item = event.target.closest("[role=treeitem]");
    if (!item) return;
    rove(item, false);
    if (event.target.closest("[data-twist]") && item.hasAttribute("aria-expanded")) {
      event.preventDefault();
      event.stopPropagation();
      open(item, item.getAttribute("aria-expanded") !== "true");
    } else if (item.getAttribute("aria-expanded") === "false") {
      open(item, true);
    }
  }, { capture: true });
  document.addEventListener("htmx:after:swap", () => {
    if (!tree.querySelector("[role=treeitem][tabindex='0']")) rove(tree.querySelector("[role=treeitem]"), false);
    tree.querySelectorAll("[role=treeitem]:not([tabindex])").forEach((one) => one.setAttribute("tabindex", "-1"));
  });
}

function showOnMap() {
  const shown = card?.querySelector("[data-object]");
  tree?.querySelectorAll("[aria-current]").forEach((one) => one.removeAttribute("aria-current"));
  if (!shown) return;
  tree?.querySelector(`[data-uid="${shown.dataset.object}"]`)?.setAttribute("aria-current", "true");
  map?.choose?.(shown.dataset.geometry);
}

function startMap() {
  if (!map) return;
  map.addEventListener("cgr-map:select", ({ detail }) => {
    if (!detail.uid) return;
    const address = `${map.dataset.opens}${detail.uid}/${location.search}`;
    window.htmx.ajax("GET", address, { target: "#card", push: "true" });
  });
}

const toDays = (text) => Math.round(Date.parse(`${text}T00:00:00Z`) / DAY);
const toText = (days) => new Date(days * DAY).toISOString().slice(0, 10);

function startSlider() {
  const form = document.querySelector("[data-as-of]");
  const slider = form?.querySelector("[data-slider]");
  if (!slider) return;
  const field = form.elements.on;
  const today = toDays(slider.dataset.today);
  const now = toDays(field.value);
  slider.min = Math.min(today - YEARS_BACK * 366, now);
  slider.max = Math.max(today + 366, now);
  slider.value = now;
  slider.hidden = false;
  slider.setAttribute("aria-valuetext", field.value);
  slider.addEventListener("input", () => {
    field.value = toText(Number(slider.value));
    slider.setAttribute("aria-valuetext", field.value);
  });
  slider.addEventListener("change", () => form.requestSubmit());
}

document.querySelectorAll("[data-sends]").forEach((field) => field.addEventListener("change", () => field.form.requestSubmit()));
document.addEventListener("htmx:after:swap", (event) => {
  if (card?.contains(event.target) || event.target === card || event.detail?.ctx?.target === card) {
    showOnMap();
    card.scrollTop = 0;
    history.state && (document.querySelector("[data-as-of]").action = location.pathname);
  }
});

startTree();
startMap();
startSlider();
if (card?.querySelector("[data-object]")) customElements.whenDefined("cgr-map").then(showOnMap);
