"""The form of a synchronization configuration and its mapping, each made of the other: pure, so it can be held to laws.

A `Draft` is what the form holds: texts as somebody typed them, the wrong ones among them. Made of a mapping and turned
back it gives the same mapping, whatever a configuration file can say; what was typed is never dropped on the way.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET, Struct

from cgr.core.mapping import FieldSource, Limits, SyncMapping, SyncType
from cgr.core.mapping_rules import Finding, Severity
from cgr.core.mapping_rules.fields import DEFAULT_FIELDS
from cgr.core.numbers import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cgr.core.mapping import AttributeMapping, LevelMapping

ATTRIBUTE: Final = "attribute"
GROUP: Final = "group"
"""Target types: one value of a DHIS2 attribute, or membership in groups."""

AS_USUAL: Final = ""
NOT_MAPPED: Final = "-"
"""Choices for a built-in field that aren't sources: the contract's default, and nothing at all."""

SHARES: Final = ("changed_share", "moved_share", "vanished_share")

_IDLE = "idle"
_EMPTY_TERMS = "terms"
_GIVEN = "given"
_MOST_ROWS = 200
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,400})?")


class FieldDraft(Struct):
    """Where a built-in field comes from. `long`: the file says so in the long form, which stays one."""

    source: str = AS_USUAL
    clear: bool = False
    long: bool = False


class EntryDraft(Struct):
    """One attribute and where it goes. `of`: the type whose attribute it is: another type's is kept and not used.

    `terms`, `groups`: term → what was chosen; both are kept while one is used. `kept`: what the file says that means
    nothing (`idle`: an entry without a target, `terms`: a table without a line) and stays as it is.
    """

    source: str
    of: str = ""
    target: str = ATTRIBUTE
    to: str = ""
    terms: dict[str, str] = {}
    groups: dict[str, str] = {}
    clear: bool = False
    kept: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        """Say whether the entry goes anywhere."""
        return self.target == GROUP or bool(self.to)


class LevelDraft(Struct):
    """One level. `geometry`: empty for no, `given` for a yes that the file spells out, else the default.

    `add_group`, `add_where`: typed and not taken over yet. `open`: names of the parts that are unfolded.
    """

    type: str = ""
    sync: str = SyncType.BOTH.value
    groups: list[str] = []
    add_group: str = ""
    only_in_groups: bool = False
    fields: dict[str, FieldDraft] = {}
    geometry: str = "default"
    where: dict[str, list[str]] = {}
    add_where: dict[str, str] = {}
    entries: list[EntryDraft] = []
    locale: str = ""
    open: list[str] = []

    def used_entries(self) -> list[EntryDraft]:
        """Give the entries about attributes of the level's type, in their order."""
        return [entry for entry in self.entries if entry.of in ("", self.type)]


class Draft(Struct):
    """The whole form. `limits`: shares in percent, `min_units` as it is."""

    code: str = ""
    label: str = ""
    label_fr: str = ""
    organization: str = ""
    hierarchy: str = ""
    system: str = ""
    locale: str = "default"
    allow_new_root: bool = False
    limits: dict[str, str] = {}
    levels: list[LevelDraft] = []


def draft_of(mapping: SyncMapping) -> Draft:
    """Give the form of a mapping, its head left empty."""
    return Draft(
        locale=mapping.locale,
        allow_new_root=mapping.allow_new_root,
        limits={
            **{name: percent(getattr(mapping.limits, name)) for name in SHARES},
            "min_units": str(mapping.limits.min_units),
        },
        levels=[_level_draft(level) for level in mapping.levels],
    )


def new_draft() -> Draft:
    """Give the form of a configuration that isn't there yet, with the contract's defaults."""
    return draft_of(SyncMapping(levels=()))


def _level_draft(level: LevelMapping) -> LevelDraft:
    geometry = {UNSET: "default", True: _GIVEN, False: ""}[level.geometry]
    return LevelDraft(
        type=level.type,
        sync=level.sync.value,
        groups=list(level.groups),
        only_in_groups=level.only_in_groups,
        fields={name: _field_draft(source) for name, source in level.fields.items()},
        geometry=geometry,
        where={code: list(values) for code, values in level.where.items()},
        entries=[_entry_draft(entry, level.type) for entry in level.attributes],
        locale=level.locale or "",
    )


def _field_draft(source: str | FieldSource | None) -> FieldDraft:
    if source is None:
        return FieldDraft(NOT_MAPPED)
    if isinstance(source, FieldSource):
        return FieldDraft(source.source, clear=source.clear, long=True)
    return FieldDraft(source)


def _entry_draft(entry: AttributeMapping, of: str) -> EntryDraft:
    kept = []
    if entry.to is None and entry.groups is None:
        kept.append(_IDLE)
    if entry.terms == {}:
        kept.append(_EMPTY_TERMS)
    return EntryDraft(
        source=entry.source,
        of=of,
        target=ATTRIBUTE if entry.groups is None else GROUP,
        to=entry.to or "",
        terms=dict(entry.terms or {}),
        groups=dict(entry.groups or {}),
        clear=entry.clear,
        kept=tuple(kept),
    )


def mapping_json(draft: Draft) -> dict[str, object]:
    """Give what the configuration file would say, for `parse_mapping`; what can't be a number stays a text."""
    return {
        "levels": [_level_json(level) for level in draft.levels],
        "allow_new_root": draft.allow_new_root,
        "locale": draft.locale,
        "limits": _limits_json(draft.limits),
    }


def _level_json(level: LevelDraft) -> dict[str, object]:
    entries = [_entry_json(entry) for entry in level.used_entries()]
    fields = {name: _field_json(field, name) for name, field in level.fields.items() if _is_said(field, name)}
    geometry: dict[str, object] = {"": {"geometry": False}, _GIVEN: {"geometry": True}}.get(level.geometry, {})  # type: ignore[assignment]
    parts: dict[str, object] = {
        "groups": level.groups,
        "only_in_groups": level.only_in_groups,
        "fields": fields,
        "where": level.where,
        "attributes": [entry for entry in entries if entry is not None],
        "locale": level.locale or None,
    }
    return {"type": level.type, "sync": level.sync, **geometry, **{name: part for name, part in parts.items() if part}}


def _is_said(field: FieldDraft, name: str) -> bool:
    return field.source != AS_USUAL or (field.clear and name in DEFAULT_FIELDS)


def _field_json(field: FieldDraft, name: str) -> object:
    if field.source == NOT_MAPPED:
        return None
    source = field.source or DEFAULT_FIELDS[name]
    return {"from": source, "clear": field.clear} if field.clear or field.long else source


def _entry_json(entry: EntryDraft) -> dict[str, object] | None:
    said: dict[str, object] = {"from": entry.source}
    if entry.target == GROUP:
        said["groups"] = {term: group for term, group in entry.groups.items() if group}
    elif entry.to:
        said["to"] = entry.to
    elif _IDLE not in entry.kept:
        return None
    terms = {term: option for term, option in entry.terms.items() if option}
    if entry.target == ATTRIBUTE and (terms or _EMPTY_TERMS in entry.kept):
        said["terms"] = terms
    return {**said, **({"clear": True} if entry.clear else {})}


def _limits_json(typed: Mapping[str, str]) -> dict[str, object]:
    default = msgspec.structs.asdict(Limits())
    said: dict[str, object] = {}
    for name, usual in default.items():
        text = typed.get(name, "").strip()
        number = _number(text) if text else None
        if not text:
            said[name] = usual
        elif number is None:
            said[name] = text
        elif name in SHARES:
            said[name] = float(number / 100)
        else:
            said[name] = int(number) if number == int(number) else text
    return said


def typed_problems(draft: Draft) -> list[Finding]:
    """Find numbers that are none: what the rules of mappings can't see, because there is no mapping yet."""
    said = _limits_json(draft.limits)
    return [
        Finding(
            Severity.ERROR,
            f"limits, {name}",
            f"Limits, {name}: “{value}” is not a number.",
            "Give a percentage, like 30." if name in SHARES else "Give a whole number, like 50.",
        )
        for name, value in said.items()
        if isinstance(value, str)
    ]


def percent(share: float) -> str:
    """Write a share in percent, digit for digit."""
    return format((Decimal(repr(share)) * 100).normalize(), "f")


def _number(text: str) -> Decimal | None:
    plain = text.replace(",", ".").rstrip("% ")
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def read(fields: Mapping[str, Sequence[str]]) -> Draft:
    """Read the form as a browser sends it: name → values."""
    form = _Sent(fields)
    return Draft(
        code=form.text("code"),
        label=form.text("label"),
        label_fr=form.text("label_fr"),
        organization=form.text("organization"),
        hierarchy=form.text("hierarchy"),
        system=form.text("system"),
        locale=form.text("locale") or "default",
        allow_new_root=bool(form.text("allow_new_root")),
        limits={name: form.text(name) for name in (*SHARES, "min_units")},
        levels=[_read_level(form.below(f"level-{number}-")) for number in range(1, form.count("levels") + 1)],
    )


def _read_level(form: _Sent) -> LevelDraft:
    clear, long = form.below("clear-"), form.below("long-")
    where = {code: form.below("where-").all(code) for code in form.below("where-").names()}
    return LevelDraft(
        type=form.text("type"),
        sync=form.text("sync"),
        groups=form.all("group"),
        add_group=form.text("add_group"),
        only_in_groups=bool(form.text("only_in_groups")),
        fields={
            name: FieldDraft(source, clear=bool(clear.text(name)), long=bool(long.text(name)))
            for name, source in form.below("field-").texts().items()
        },
        geometry=form.text("geometry"),
        where=where,
        add_where=form.below("add_where-").texts(),
        entries=[_read_entry(form.below(f"entry-{number}-")) for number in range(1, form.count("entries") + 1)],
        locale=form.text("locale"),
        open=[name for name in form.all("open") if name],
    )


def _read_entry(form: _Sent) -> EntryDraft:
    return EntryDraft(
        source=form.text("source"),
        of=form.text("of"),
        target=form.text("target") or ATTRIBUTE,
        to=form.text("to"),
        terms=form.below("term-").texts(),
        groups=form.below("group-").texts(),
        clear=bool(form.text("clear")),
        kept=tuple(form.text("kept").split()),
    )


class _Sent:
    """Fields of the form below a prefix of their names."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def below(self, prefix: str) -> _Sent:
        start = len(prefix)
        return _Sent({name[start:]: values for name, values in self._fields.items() if name.startswith(prefix)})

    def names(self) -> list[str]:
        return list(self._fields)

    def all(self, name: str) -> list[str]:
        # Browsers send each line's end as two characters.
        return [value.replace("\r\n", "\n") for value in self._fields.get(name, ())]

    def text(self, name: str) -> str:
        values = self.all(name)
        return values[-1].strip() if values else ""

    def texts(self) -> dict[str, str]:
        return {name: values[-1] for name in self._fields if (values := self.all(name))}

    def count(self, name: str) -> int:
        return min(whole_number(self.text(name)) or 0, _MOST_ROWS)
