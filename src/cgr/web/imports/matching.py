"""The third step's table: what fills our attributes, and which options and groups are which terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from cgr.imports.offering import attribute_sources, hierarchies_to_import_into, suggested_groups, suggested_terms
from cgr.web.imports.drafts import ATTRIBUTE, FIELD, GROUPS
from cgr.web.words import UNIT_FIELDS, in_reader_language

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.core.records import RemoteAttribute, RemoteShape
    from cgr.imports.offering import AttributeSources
    from cgr.systems.shapes import KeptShape
    from cgr.web.imports.drafts import Draft


def matching(actor: Actor, draft: Draft, offered: KeptShape | None) -> list[dict[str, Any]]:
    """Give a row for each attribute of the chosen types; none while nothing is known of the DHIS2."""
    if offered is None or not draft.hierarchy:
        return []
    chosen = next((one for one in hierarchies_to_import_into(actor) if one.code == draft.hierarchy), None)
    wanted = draft.levels_in_scope().values()
    types = [shape for code, shape in chosen.types.items() if code in wanted] if chosen else []
    return [_row(draft, sources, offered.shape) for sources in attribute_sources(types, offered.shape)]


def _row(draft: Draft, sources: AttributeSources, shape: RemoteShape) -> dict[str, Any]:
    attribute = sources.attribute
    selections = [(f"{ATTRIBUTE}{one.id}", f"{one.name} ({one.value_type})") for one in sources.remote]
    selections += [(f"{FIELD}{name}", str(UNIT_FIELDS[name])) for name in sources.fields]
    if sources.groups:
        selections.append((GROUPS, gettext("Org Unit Groups")))
    chosen = draft.sources.get(attribute.code, "")
    row: dict[str, Any] = {
        "code": attribute.code,
        "label": in_reader_language(attribute.label),
        "kind": attribute.kind,
        "selections": selections,
        "chosen": chosen,
        "pairs": [],
        "suggested": 0,
    }
    if attribute.kind == "term":
        row |= _pairs(draft, sources, shape.attributes.get(chosen.removeprefix(ATTRIBUTE)), chosen)
    return row


def _pairs(draft: Draft, sources: AttributeSources, remote: RemoteAttribute | None, chosen: str) -> dict[str, Any]:
    """Give the rows of a table of terms, with what is suggested where nothing was chosen."""
    attribute = sources.attribute
    terms = [(code, in_reader_language(label)) for code, label in (attribute.terms or {}).items()]
    if chosen == GROUPS:
        suggested = {term: found.target for term, found in suggested_groups(attribute, sources.groups).items()}
        pairs = _table(
            f"group-{attribute.code}",
            terms,
            choices=[(group.id, group.name) for group in sources.groups],
            said=draft.groups.get(attribute.code, {}),
            suggested=suggested,
        )
    elif remote is not None and remote.options:
        suggested = {option: found.term for option, found in suggested_terms(attribute, remote).items()}
        pairs = _table(
            f"term-{attribute.code}",
            [(option.code, option.name) for option in remote.options],
            choices=terms,
            said=draft.terms.get(attribute.code, {}),
            suggested=suggested,
        )
    else:
        pairs = []
    return {"pairs": pairs, "suggested": sum(1 for pair in pairs if pair["suggestion"]), "by_groups": chosen == GROUPS}


def _table(
    name: str,
    rows: list[tuple[str, str]],
    *,
    choices: list[tuple[str, str]],
    said: dict[str, str],
    suggested: dict[str, str],
) -> list[dict[str, Any]]:
    names = dict(choices)
    pairs = []
    for key, words in rows:
        chosen = said.get(key, "")
        suggestion = "" if chosen else suggested.get(key, "")
        pairs.append(
            {
                "name": f"{name}|{key}",
                "key": key,
                "from": words,
                "choices": choices,
                "chosen": chosen,
                "suggestion": suggestion,
                "suggested": names.get(suggestion, ""),
            }
        )
    return pairs


def accept_suggested(draft: Draft, row: dict[str, Any] | None) -> None:
    """Take over the suggestions for one attribute, as the person has seen them."""
    if row is None:
        return
    kept = draft.groups if row["by_groups"] else draft.terms
    for pair in row["pairs"]:
        if pair["suggestion"]:
            kept.setdefault(row["code"], {})[pair["key"]] = pair["suggestion"]
