// The page of a run: what is chosen on its map, and what somebody opened while it went on.

// A place that is chosen on the map opens its card: the page of that line of the run, in the dialog.
document.addEventListener("cgr-map:select", ({ detail }) => {
  window.htmx.ajax("GET", detail.url, { target: "#dialog", headers: { "HX-Target": "dialog#dialog" } });
});

// The server knows nothing of what is open: it stays so when the page is drawn anew because the run has ended.
let opened = [];
document.addEventListener("htmx:before:swap", () => {
  opened = [...document.querySelectorAll("#run details[open]")];
});
document.addEventListener("htmx:after:swap", () => {
  for (const one of opened) one.open = true;
});
