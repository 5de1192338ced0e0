// What somebody chose before the scripts had come is answered when they have: a slow network swallows nothing.

const ANSWERED = "select[hx-get], select[hx-post], select.redraws";

function isTouched(list) {
  const options = [...list.options];
  const sent = options.findIndex((option) => option.defaultSelected);
  return list.selectedIndex !== (sent < 0 ? options.findIndex((option) => !option.disabled) : sent);
}

function catchUp() {
  const touched = [...document.querySelectorAll(ANSWERED)].filter(isTouched);
  touched.forEach((list) => list.dispatchEvent(new Event("change", { bubbles: true })));
}

export function answerEarlyChoices() {
  if (document.querySelector("[data-htmx-powered]")) catchUp();
  else document.addEventListener("htmx:after:process", catchUp, { once: true });
}
