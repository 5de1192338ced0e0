"""How what a unit says differs from its Geo-Object. What the unit is silent about doesn't differ; nor do blanks."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from msgspec import UNSET

from cgr.core.changes import FieldChange
from cgr.core.importing.settings import ATTRIBUTE_PREFIX
from cgr.core.texts import same_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.core.importing.reading import Said
    from cgr.core.records import Localized, OurObject, OurType, Value


def differences(said: Said, known: OurObject, shape: OurType) -> dict[str, FieldChange]:
    """Give the fields that change, parent and geometry aside; `after` is what the object will have, whole."""
    fields: dict[str, FieldChange] = {}
    if said.code is not None and not same_text(said.code, known.code):
        fields["code"] = FieldChange(known.code, said.code)
    if said.label is not None and (label := _laid_over(known.label, said.label)) != known.label:
        fields["label"] = FieldChange(known.label, label)
    if said.starts is not None and said.starts != known.starts:
        fields["exists.start"] = FieldChange(known.starts, said.starts)
    if said.ends is not UNSET and said.ends != known.ends:
        fields["exists.end"] = FieldChange(known.ends, said.ends)
    for code, value in sorted(said.values.items()):
        ours = known.values.get(code)
        after = _value(shape.attributes[code].kind, ours, value)
        if after != ours:
            fields[f"{ATTRIBUTE_PREFIX}{code}"] = FieldChange(ours, after)
    return fields


def everything(said: Said, code: str) -> dict[str, FieldChange]:
    """Give the fields of a new object, parent and geometry aside."""
    said_fields: Mapping[str, object] = {
        "code": code,
        "label": said.label,
        "exists.start": said.starts,
        "exists.end": None if said.ends is UNSET else said.ends,
        **{f"{ATTRIBUTE_PREFIX}{name}": value for name, value in sorted(said.values.items())},
    }
    return {name: FieldChange(None, value) for name, value in said_fields.items() if value is not None}


def _value(kind: str, ours: Value | None, theirs: Value) -> Value:
    """Give the value that holds now: ours where it is the same but for its form."""
    match ours, theirs:
        case dict(), dict():
            return _laid_over(ours, theirs)
        case str(), str() if same_text(ours, theirs):
            return ours
    if kind == "decimal" and ours is not None and _number(ours) == _number(theirs):
        return ours
    return theirs


def _number(value: Value) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _laid_over(ours: Localized | None, theirs: Localized) -> Localized:
    """Merge texts by language: languages that DHIS2 doesn't have stay (R3.3)."""
    if ours is None:
        return theirs
    news = {locale: text for locale, text in theirs.items() if not same_text(text, ours.get(locale))}
    return {**ours, **news} if news else ours
