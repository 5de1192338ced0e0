// A file that is too large is refused before it is sent: what a server says while a file arrives, few browsers show.

for (const field of document.querySelectorAll("input[type=file][data-most]")) {
  const said = document.getElementById(`${field.id}-error`);
  const look = () => {
    const isTooLarge = [...field.files].some((file) => file.size > Number(field.dataset.most));
    said.textContent = isTooLarge ? field.dataset.tooLarge : "";
    said.hidden = !isTooLarge;
    field.toggleAttribute("aria-invalid", isTooLarge);
    return !isTooLarge;
  };
  field.addEventListener("change", look);
  field.form.addEventListener("submit", (event) => {
    if (look()) return;
    event.preventDefault();
    field.focus();
  });
}
