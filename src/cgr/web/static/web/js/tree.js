// Trees whose members can be dragged, as an extra to their buttons: onto another member puts it below that one, onto
// its upper edge before it (where siblings have an order: data-orders). The form is sent as the buttons send it.

for (const form of document.querySelectorAll("form[data-tree]")) makeDraggable(form);

function makeDraggable(form) {
  const orders = form.hasAttribute("data-orders");
  let dragged = null;
  for (const member of form.querySelectorAll(".member")) member.draggable = true;

  form.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li[data-code]");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.code);
  });
  form.addEventListener("dragover", (event) => {
    const member = memberAt(event);
    unmark(form);
    if (!member || !dragged || dragged.contains(member)) return;
    event.preventDefault();
    member.dataset.drop = placeOf(event, member, orders);
  });
  form.addEventListener("dragend", () => {
    unmark(form);
    dragged = null;
  });
  form.addEventListener("drop", (event) => {
    const member = memberAt(event);
    if (!member?.dataset.drop || !dragged) return;
    event.preventDefault();
    give(form, "code", dragged.dataset.code);
    give(form, member.dataset.drop, member.closest("li").dataset.code);
    form.requestSubmit();
  });
}

const memberAt = (event) => event.target.closest(".member");

function placeOf(event, member, orders) {
  const { top, height } = member.getBoundingClientRect();
  return orders && event.clientY < top + height / 3 ? "before" : "below";
}

function unmark(form) {
  for (const member of form.querySelectorAll("[data-drop]")) delete member.dataset.drop;
}

function give(form, name, value) {
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = name;
  input.value = value;
  form.append(input);
}
