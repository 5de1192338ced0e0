// What every page needs: the menu of narrow screens, and dialogs that open what a link leads to.
// Without scripts each of these is an ordinary link to an ordinary page.

import { openDialogs } from "./dialogs.js";
import { answerEarlyChoices } from "./early.js";
import { keepFocus } from "./focus.js";
import { closePerson, foldSections, openMenu } from "./menu.js";

keepFocus();
answerEarlyChoices();
openMenu(document.querySelector("[data-menu]"));
foldSections(document.querySelector("[data-sections]"));
closePerson(document.querySelector("[data-person]"));
openDialogs(document.querySelector("#dialog"));
