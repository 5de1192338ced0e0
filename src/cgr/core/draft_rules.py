"""Whether a draft may be written: every rule about one object that needs no other object (R0.2 to R0.5).

What needs the others (does the parent exist, is the id taken) is checked where they are, by the registry.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import UNSET, Struct

from cgr.core.dates import date_problem
from cgr.core.drafts import Always, History, ObjectDraft, Since
from cgr.core.errors import BadInput
from cgr.core.geometry import check
from cgr.core.ids import may_be_uid
from cgr.core.localized import parse_localized
from cgr.core.periods import periods_problem
from cgr.core.records import OurType
from cgr.core.texts import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cgr.core.drafts import Period, Writing
    from cgr.core.records import OurAttribute

CODE_LENGTH: Final = 100
_LARGEST_INTEGER: Final = 2**63 - 1
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Definitions(Struct, frozen=True):
    """What drafts may refer to, all by code.

    `hierarchies`: hierarchy → type → its parent type there (None at the top). `systems`: external system → its kind.
    """

    types: dict[str, OurType]
    hierarchies: dict[str, dict[str, str | None]]
    systems: dict[str, str]


class CheckedDraft(ObjectDraft, frozen=True, kw_only=True, gc=False):
    """A draft that `checked` let pass, in the form that is stored; nobody else makes one.

    It holds where the definitions are the ones it was checked against.
    """

    definitions: Definitions


def checked(draft: ObjectDraft, definitions: Definitions) -> CheckedDraft:
    """Give the draft in the form that is stored; raise BadInput with the first thing that is wrong with it."""
    shape = definitions.types.get(draft.type)
    if shape is None:
        raise _bad(f'there is no type "{draft.type}" that you may edit')
    if problem := code_problem(draft.code):
        raise _bad(problem)
    label, exists, values, geometry, parents, external_ids = (
        draft.label,
        draft.exists,
        draft.values,
        draft.geometry,
        draft.parents,
        draft.external_ids,
    )
    if exists is not UNSET:
        _check_exists(exists)
    if label is not UNSET:
        label = _writing(label, "label", parse_localized)
    if values:
        values = {code: _attribute(writing, code, shape) for code, writing in values.items()}
    if geometry is not UNSET:
        geometry = _writing(geometry, "geometry", _geometry_rule(shape.geometry))
    if parents:
        parents = {code: _parent(writing, code, shape, definitions) for code, writing in parents.items()}
    for code, value in external_ids.items():
        _check_external_id(value, code, definitions)
    return CheckedDraft(
        type=draft.type,
        code=draft.code,
        key=draft.key,
        line=draft.line,
        label=label,
        exists=exists,
        values=values,
        geometry=geometry,
        parents=parents,
        external_ids=external_ids,
        invalid=draft.invalid,
        definitions=definitions,
    )


def code_problem(code: str) -> str | None:
    """Say why this can't be a Geo-Object's code, or None."""
    if not code or code != code.strip():
        return f"the code {code!r} is empty or begins or ends with a blank"
    if len(code) > CODE_LENGTH:
        return f'the code "{code[:20]}…" is longer than {CODE_LENGTH} characters'
    if _CONTROL.search(code):
        return f"the code {code!r} contains a character that can't be shown"
    return None


def value_of(kind: str, raw: object, terms: Mapping[str, object] | None = None) -> object:
    """Give a custom attribute's value as stored; raise BadInput when it isn't one of this kind."""
    match kind:
        case "localized_text":
            return parse_localized(raw)
        case "text" if isinstance(raw, str):
            problem = refusal(raw, None)
        case "date":
            problem = date_problem(raw)
        case "term" if isinstance(raw, str):
            problem = None if raw in (terms or {}) else f'there is no term "{raw}" in its tree of terms'
        case _:
            problem = None
    if problem is None and not _FITS[kind](raw):
        problem = f"{raw!r} is not {_WORDS[kind]}"
    if problem:
        raise _bad(problem)
    return raw


def _is_whole(raw: object) -> bool:
    # PostgreSQL keeps larger ones, but no JSON reader of ours gives them back exactly.
    return isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) <= _LARGEST_INTEGER


def _is_decimal(raw: object) -> bool:
    if isinstance(raw, str):
        return _DECIMAL.fullmatch(raw) is not None
    return isinstance(raw, float) or _is_whole(raw)


_FITS: Final[dict[str, Callable[[object], bool]]] = {
    "text": lambda raw: isinstance(raw, str) and bool(raw.strip()),
    "date": lambda raw: isinstance(raw, str),
    "term": lambda raw: isinstance(raw, str),
    "boolean": lambda raw: isinstance(raw, bool),
    "integer": _is_whole,
    "decimal": _is_decimal,
}
_WORDS: Final = {
    "text": "a text with something in it (null removes a value)",
    "date": "a date",
    "term": "the code of a term",
    "boolean": "true or false",
    "integer": "a whole number",
    "decimal": "a number",
}


def _check_exists(periods: list[Period]) -> None:
    if not periods:
        raise _bad('"exists" needs at least one period; {"from": null, "to": null} is one without beginning and end')
    problem = (
        _span_problem(periods[0].get("from"), periods[0].get("to")) if len(periods) == 1 else periods_problem(periods)
    )
    if problem:
        raise _bad(f'"exists": {problem}')


@lru_cache(maxsize=4096)  # thousands of objects begin on the same few days
def _span_problem(starts: object, ends: object) -> str | None:
    return periods_problem([{"from": starts, "to": ends}])


def _attribute(writing: Writing, code: str, shape: OurType) -> Writing:
    attribute = shape.attributes.get(code)
    if attribute is None:
        raise _bad(f'type "{shape.code}" has no attribute "{code}"')
    return _writing(writing, code, _value_rule(attribute))


def _value_rule(attribute: OurAttribute) -> Callable[[object], object]:
    return lambda raw: value_of(attribute.kind, raw, attribute.terms)


@lru_cache(maxsize=16)  # there are eight geometry types
def _geometry_rule(allowed: str) -> Callable[[object], object]:
    def rule(wkb: object) -> object:
        if not isinstance(wkb, bytes):
            raise _bad("expected a geometry")
        if problem := check(wkb, allowed):
            raise _bad(problem)
        return wkb

    return rule


def _parent(writing: Writing, hierarchy: str, shape: OurType, definitions: Definitions) -> Writing:
    places = definitions.hierarchies.get(hierarchy)
    if places is None:
        raise _bad(f'there is no hierarchy "{hierarchy}" that you may use')
    if shape.code not in places:
        raise _bad(f'type "{shape.code}" has no place in hierarchy "{hierarchy}"')
    if places[shape.code] is None and writing is not None:
        raise _bad(f'type "{shape.code}" is at the top of hierarchy "{hierarchy}", so its objects have no parent there')
    return _writing(writing, f"parents.{hierarchy}", _parent_rule, overlaps=True)


def _parent_rule(parent: object) -> object:
    if isinstance(parent, int):
        return parent
    if not isinstance(parent, str) or not parent:
        raise _bad("expected the parent's code")
    if reason := refusal(parent, None):
        raise _bad(f"the parent's code can't be one: {reason}")
    return parent


def _check_external_id(value: str | None, system: str, definitions: Definitions) -> None:
    kind = definitions.systems.get(system)
    if kind is None:
        raise _bad(f'there is no external system "{system}" that you may use')
    if value is not None and kind == "dhis2" and not may_be_uid(value):
        raise _bad(f'"{value}" can\'t be an id in "{system}": a DHIS2 id has eleven letters or digits')


def _writing(writing: Writing, name: str, rule: Callable[[object], object], *, overlaps: bool = False) -> Writing:
    try:
        if isinstance(writing, Always):  # first and without ado: nearly all values of a large file are written so
            given = writing.value
            return writing if (kept := rule(given)) is given else Always(kept)
        match writing:
            case None:
                return None
            case Since(start=start, value=value, until=until):
                if problem := date_problem(start) or (date_problem(until) if until is not None else None):
                    raise _bad(problem)
                if until is not None and until <= start:
                    raise _bad(f"it would end on {until}, which is not after its beginning, {start}")
                return Since(start, None if value is None else rule(value), until)
            case History(periods=periods):
                if problem := periods_problem(periods, overlaps=overlaps):
                    raise _bad(problem)
                return History([{**period, "value": rule(period.get("value"))} for period in periods])
    except BadInput as problem:
        raise _bad(f'"{name}": {problem.message}') from problem


def _bad(message: str) -> BadInput:
    return BadInput(
        message, code="bad-object", next_step="Correct the line and apply the file again; nothing was written."
    )
