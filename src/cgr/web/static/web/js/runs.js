// A place that is chosen on the map opens its card: the page of that line of the run, in the dialog.

document.addEventListener("cgr-map:select", ({ detail }) => {
  window.htmx.ajax("GET", detail.url, { target: "#dialog", headers: { "HX-Target": "dialog#dialog" } });
});
