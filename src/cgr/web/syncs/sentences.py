"""The sentences in which the mapping rules tell what they find, with gaps, so that they can be said in French.

Held to the rules by a test: what a rule says and no sentence here fits, fails it.
"""

from __future__ import annotations

from typing import Final

PREFIXES: Final = (
    "Level {number} ({type}), attribute {code}, term {term}",
    "Level {number} ({type}), attribute {code}",
    "Level {number} ({type}), DHIS2 attribute {id}",
    "Level {number} ({type}), field {name}",
    "Level {number} ({type}), filter {code}",
    "Level {number} ({type}), group {id}",
    "Level {number} ({type}), only_in_groups",
    "Level {number} ({type}), geometry",
    "Level {number} ({type}), locale",
    "Level {number} ({type}), type",
    "Level {number} ({type})",
    "Limits, {name}",
    "Locale",
)

SENTENCES: Final = (
    # levels and places
    "No level is mapped, so there is nothing to synchronise.",
    "Add the levels from DHIS2 level 1 downwards; those that stay as they are get the type none.",
    "the hierarchy has no such type.",
    "Use one of the types of the hierarchy: {types}.",
    "{type} is not directly below {above}, the type of level {level}; in the hierarchy {actual}.",
    "Use a type directly below {above} ({children}), or change the level before.",
    "DHIS2 has only {count} levels ({names}).",
    "Remove this level, or first add organisation units of that level in DHIS2.",
    "objects of type {type} have no geometry.",
    "Leave `geometry` out.",
    # filters
    "the type {type} has no attribute {code} that can be a filter.",
    "Use an attribute of kind {kinds}: {usable}.",
    "it names no value, so nothing is selected.",
    "Name the values to select, or leave it out.",
    "no object can have the value {values}.",
    "Use one of: {known}.",
    # languages and limits
    "“{locale}” is not a language as DHIS2 writes it.",
    "Write `default`, or a language like fr, or a language and region like pt_BR.",
    "Write {written}.",
    "“{value}” is not a number.",
    "Give a percentage, like 30.",
    "Give a whole number, like 50.",
    "{share} is not a share.",
    "Give a number from 0 to 1, like 0.3 for thirty of a hundred.",
    "{number} is not a number of units.",
    "Give 0 or more.",
    # groups
    "only units already in a group of the level are to be selected, but the level names no group.",
    "Name at least one group, or leave `only_in_groups` out.",
    "it is named twice.",
    "Name it once.",
    "`{id}` is not the id of a DHIS2 group.",
    "Give the id (eleven letters and digits) that DHIS2 shows for the group, not its name or code.",
    "DHIS2 has no organisation unit group {id}; it was deleted, or {user} may not see it.",
    "Choose another group, or leave this one out.",
    "the user {user} may not change the group “{name}”.",
    "Ask the administrator of that DHIS2 to let this user edit the group, or leave it out.",
    "DHIS2 has no organisation unit group called “{name}”.",
    "Choose one of the list, or refresh the lists if it is new.",
    # built-in fields
    "organisation units have no such field that can be mapped.",
    "it isn't mapped, and DHIS2 demands it of every new unit, so no unit can be created on this level.",
    "Map {name}, or choose a synchronisation type that creates nothing.",
    "DHIS2 demands it of every unit, so it can't be cleared.",
    "Leave `clear` out for this field.",
    "only shortName can be derived (from the label).",
    "Give label, code or attribute:CODE.",
    "there is no source `{source}` for objects of type {type}.",
    "Use label, code, exists.start, exists.end, or attribute: and the code of one of its attributes ({codes}).",
    "`{source}` is of kind {kind}, the field takes {kinds}.",
    "Choose a source of kind {kinds}, or map the attribute to a DHIS2 attribute instead.",
    # attributes and terms
    "{times} attributes are mapped to it, and it holds one value.",
    "Map only one of them to it.",
    "“{name}” isn't mapped, and DHIS2 demands a value for it, so no unit can be created here.",
    "Map an attribute to it, or choose a synchronisation type that creates nothing.",
    "the type {type} has no attribute of this code.",
    "Use one of its attributes: {codes}.",
    "it goes to a DHIS2 attribute and to groups in one entry.",
    "Make two entries for the attribute, one with `to` and one with `groups`.",
    "it is of kind {kind}; only term attributes have options or groups.",
    "Leave `terms` and `groups` out, or choose a term attribute.",
    "`{id}` is not the id of a DHIS2 attribute.",
    "Give the id (eleven letters and digits) that DHIS2 shows for the attribute, not its name.",
    "DHIS2 has no attribute {id} for organisation units; it was deleted, or {user} may not see it.",
    "Choose another attribute, or leave the entry unmatched.",
    "it can't go to “{name}” ({id}): {reason}.",
    "Valid selections: {names}.",
    "There are no valid selections; leave it unmatched.",
    "the option set of “{name}” has no option with code {code}.",
    "Use the code (not the name) of one of its options: {codes}.",
    "`clear` has no effect on groups: units are only ever added to them.",
    "Leave `clear` out of this entry.",
    "the attribute has no such term.",
    "Use the code of one of its terms: {terms}.",
    "these terms have no option, so objects with them will not be exported: {terms}.",
    "these terms have no group, so objects with them will not be exported: {terms}.",
    "Give each of them one.",
    # authorities and notices
    "The user {user} lacks the authority {authority} in DHIS2, so no organisation unit can be written ({levels}).",
    (
        "The user {user} lacks the authority {authority} in DHIS2, so no organisation unit that is there can be moved"
        " ({levels})."
    ),
    "Ask the administrator of that DHIS2 for a role with {authority}.",
    "An e-mail is asked for, and this installation has no mail server.",
    "Set CGR_EMAIL_URL and CGR_EMAIL_FROM, or take email out of notify.",
    # what saving refuses
    'The ID "{code}" is taken by another synchronization configuration.',
    "Choose another ID.",
    '"{code}" can\'t be the code of a synchronization configuration.',
    "Use up to 50 letters, digits, dots, hyphens and underscores, beginning with a letter or digit.",
    # schedules
    'There is no time zone "{zone}". Give one like Africa/Lusaka or UTC.',
    '"{cron}" isn\'t a cron expression of five fields (minute, hour, day, month, weekday), like 30 2 * * 1-5.',
    '"{cron}" never comes: no such day exists.',
    'Correct the schedule of "{code}".',
)

PARTS: Final = (
    # what fills a gap of another sentence: where a type stands, a list that was cut, why an attribute is no selection
    "it is directly below {above}",
    "it is at the top",
    "{names} and {count} more",
    "it is not assigned to organisation units in DHIS2",
    "values of type {type} are never synchronised",
    "its values are of type {type}; kind {kind} goes to {types}",
    "it has no option set, and terms go to the options of one",
    "it has an option set, and only term attributes go to options",
)
