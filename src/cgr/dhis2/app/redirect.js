// DHIS2 2.42 and later open an app in a frame of their shell, and the registry refuses to be framed: the whole window
// goes there. Where a browser forbids that, the page stays as it is, with its link.
window.top.location.replace(document.getElementById("registry").href);
