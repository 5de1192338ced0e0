"""The rows of the form that says what the columns of a file are, as its template shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from cgr.core.localized import DEFAULT
from cgr.core.rows import RowAttribute, says_a_term
from cgr.web.imports.columns import BY, DATE_FORMATS, attribute_fields, label_fields
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.records import OurAttribute
    from cgr.web.imports.columns import ColumnsForm

_MOST_COLUMNS_SHOWN = 40


def sections(form: ColumnsForm) -> list[dict[str, Any]]:
    """Give the tables of the form: each with a title and its rows, those without a row left out."""
    found = [
        {"title": gettext("Code, label and external id"), "rows": list(_plain(form))},
        {"title": gettext("Parents"), "rows": list(_parents(form)), "help": _about_parents(form)},
        {"title": gettext("Attributes"), "rows": list(_attributes(form))},
    ]
    return [one for one in found if one["rows"]]


def first_rows(form: ColumnsForm) -> dict[str, Any]:
    """Give the first rows of the file, as many of its columns as a page can show."""
    look = form.offered.look
    cells = [
        (number, [*row, *[""] * (len(look.columns) - len(row))][:_MOST_COLUMNS_SHOWN]) for number, row in look.rows
    ]
    more = max(0, len(look.columns) - _MOST_COLUMNS_SHOWN)
    return {"columns": look.columns[:_MOST_COLUMNS_SHOWN], "rows": cells, "more": more}


def _plain(form: ColumnsForm) -> Iterator[dict[str, Any]]:
    yield _row(form, "code", gettext("Code"))
    for name, language in label_fields(form.said):
        yield _row(form, name, _in_language(gettext("Label"), language))
    systems = _select("system", gettext("of the system"), form.value("system"), [("", "–"), *form.offered.systems])
    yield _row(form, "external_id", gettext("External id"), extras=[systems])
    yield _row(form, "exists_start", gettext("Exists from"))
    formats = _formats("date_format", form.value("date_format") or DATE_FORMATS[0])
    yield _row(form, "exists_end", gettext("Exists until"), extras=[formats])


def _parents(form: ColumnsForm) -> Iterator[dict[str, Any]]:
    if form.place is None:
        return
    for code, label in form.place.above:
        name = in_reader_language(label) or code
        usual = [name, *label.values(), code]
        by = _select(f"by-{code}", gettext("looked for"), form.value(f"by-{code}", "code"), list(BY.items()))
        synonyms = {
            "kind": "lines",
            "name": f"synonyms-{code}",
            "label": gettext("Synonyms, one on each line: in the file = in the registry"),
            "value": form.value(f"synonyms-{code}"),
        }
        yield _row(form, f"parent-{code}", name, usual=usual, extras=[by, synonyms])


def _about_parents(form: ColumnsForm) -> str:
    if form.place is None:
        return ""
    return gettext("Each is looked for below the one before it; the last one is the parent.")


def _attributes(form: ColumnsForm) -> Iterator[dict[str, Any]]:
    shape = form.offered.shape
    for code, attribute in (shape.attributes if shape else {}).items():
        name = in_reader_language(attribute.label) or code
        for field, language in attribute_fields(attribute, form.said):
            usual = [name, *attribute.label.values(), code] if language == DEFAULT else []
            row = _row(form, field, _in_language(name, language), usual=usual)
            row["extras"] = list(_how_written(form, attribute, row["chosen"]))
            row["live"] = attribute.kind == "term"
            if attribute.kind == "term" and row["chosen"]:
                row["pairs"] = _pairs(form, attribute, row["chosen"])
            yield row


def _how_written(form: ColumnsForm, attribute: OurAttribute, column: str) -> Iterator[dict[str, Any]]:
    """Give the fields about how the cells of an attribute are written, by its kind."""
    code, usual = attribute.code, RowAttribute(to="", source="")
    match attribute.kind:
        case "date":
            yield _formats(f"format-{code}", form.value(f"format-{code}") or usual.format)
        case "decimal":
            yield decimals(form, f"comma-{code}", column)
        case "boolean":
            for name, words, label in (
                (f"true-{code}", usual.true, gettext("words for yes")),
                (f"false-{code}", usual.false, gettext("words for no")),
            ):
                yield {"kind": "text", "name": name, "label": label, "value": form.value(name) or ", ".join(words)}


def _pairs(form: ColumnsForm, attribute: OurAttribute, column: str) -> list[dict[str, Any]]:
    """Give what stands in a column, each to be said a term for; what names one by itself comes last."""
    terms = [(code, in_reader_language(label) or code) for code, label in (attribute.terms or {}).items()]
    pairs = [
        {
            "id": f"term-{attribute.code}-{place}",
            "name": f"term-{attribute.code}|{text}",
            "text": text,
            "chosen": form.value(f"term-{attribute.code}|{text}"),
            "known": says_a_term(text, attribute),
            "choices": terms,
        }
        for place, text in enumerate(form.offered.look.values.get(column, []))
    ]
    return sorted(pairs, key=lambda pair: bool(pair["known"]))


def decimals(form: ColumnsForm, name: str, column: str) -> dict[str, Any]:
    """Give the field about what stands before the decimals of a column."""
    choices = [("", gettext("12.5 (point)")), ("1", gettext("12,5 (comma)"))]
    return _select(name, gettext("decimals"), "1" if form.has_comma(name, column) else "", choices)


def _formats(name: str, chosen: str) -> dict[str, Any]:
    known = [*DATE_FORMATS, *([] if chosen in DATE_FORMATS else [chosen])]
    return _select(name, gettext("dates are written"), chosen, [(one, one) for one in known])


def _select(name: str, label: str, chosen: str, choices: list[tuple[str, Any]]) -> dict[str, Any]:
    return {"kind": "choice", "name": name, "label": label, "value": chosen, "choices": choices}


def _row(
    form: ColumnsForm,
    name: str,
    label: str,
    *,
    usual: list[str] | None = None,
    extras: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    for extra in extras or []:
        extra["error"] = form.errors.get(extra["name"], "")
    chosen = form.column(name, usual or ())
    missing = chosen if chosen and chosen not in form.columns else ""
    return {
        "name": name,
        "label": label,
        "chosen": chosen,
        "missing": missing,
        "error": form.errors.get(name, ""),
        "extras": extras or [],
        "pairs": [],
        "live": False,
    }


def _in_language(label: str, language: str) -> str:
    return label if language == DEFAULT else f"{label} ({language})"
