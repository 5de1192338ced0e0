"""One object's card: what holds at the day, and under it how that came to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext

from cgr.accounts.policy import Permission, may
from cgr.audit.queries import entries
from cgr.core.geometry import bounds, to_geojson
from cgr.core.periods import all_in_force, in_force, latest
from cgr.registry.queries.proposals import open_proposals
from cgr.runs.queries import runs_of_object
from cgr.systems.addresses import page_of_unit
from cgr.web.runs.showing import state_words
from cgr.web.words import RUN_KINDS, in_reader_language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cgr.core.drafts import Period
    from cgr.core.records import OurAttribute
    from cgr.registry.queries.cards import Card, Parent
    from cgr.runs.models import Run
    from cgr.systems.models import ExternalSystem
    from cgr.web.explorer.asking import Asked

_RUNS_SHOWN = 10
_CHANGES_SHOWN = 10
_PROPOSALS_SHOWN = 10


@dataclass(slots=True)
class Span:
    """One period of a row's history; `address` shows what it speaks of."""

    starts: str | None
    ends: str | None
    words: str
    now: bool
    address: str = ""


@dataclass(slots=True)
class Row:
    """One line of the card. `change_at` is the address of its form, empty for who may not change it."""

    title: str
    spans: list[Span]
    current: list[Span]
    past: bool = False
    """What is shown has ended: nothing is in force, so the most recent value counts (R0.4)."""
    change_at: str = ""

    @property
    def has_history(self) -> bool:
        """Whether there is more to tell than what stands above it."""
        return len(self.spans) > 1 or any(span.starts or span.ends for span in self.spans)


@dataclass(slots=True)
class IdRow:
    """What one external system calls the object."""

    system: str
    label: str
    value: str
    reserved: bool
    opens: str
    change_at: str


@dataclass(slots=True)
class CardInWords:
    """All that the template shows."""

    uid: str
    name: str
    code: str
    kind: str
    organization: str
    sign: str
    status: str
    status_code: str
    rows: list[Row]
    parents: list[Row]
    ids: list[IdRow]
    days: list[tuple[str, str, bool]]
    runs: list[dict[str, object]]
    changes: list[dict[str, object]] | None
    created: object
    geometry_at: str
    proposes: bool
    proposals: list[tuple[str, str, object]]
    children: list[tuple[str, str, bool]]
    """Type, address of the form, whether it can only be proposed."""
    invalid_change_at: str


def card_in_words(asked: Asked, card: Card) -> CardInWords:
    """Write a card for a reader, with as many questions to the database for a large registry as for a small one."""
    state, on = card.state, asked.on.isoformat()

    def change_at(what: str) -> str:
        if not card.may_propose:
            return ""
        return reverse("explorer-change", args=[card.uid, what]) + asked.query()

    def row(what: str, title: str, periods: list[Period], words: Callable[[object], str]) -> Row:
        return _row(title, periods, on, words, change_at(what))

    label = latest(state.label, on)
    exists = [{**period, "value": True} for period in state.exists]
    sign, status, status_code = _status(card, on)
    rows = [
        row("exists", gettext("Exists"), exists, lambda _: gettext("exists")),
        row("label", gettext("Label"), state.label, _localized),
        *(
            row(f"value.{code}", in_reader_language(one.label), state.values.get(code, []), words_of(one))
            for code, one in card.shape.attributes.items()
        ),
    ]
    if card.shape.geometry != "none":
        rows.append(row("geometry", gettext("Geometry"), state.geometry, _geometry))
    return CardInWords(
        uid=card.uid,
        name=_localized(label["value"]) if label else state.code,
        code=state.code,
        kind=in_reader_language(card.shape.label),
        organization=in_reader_language(card.organization_label),
        sign=sign,
        status=status,
        status_code=status_code,
        rows=rows,
        parents=[
            _parents_row(asked, card, one.code, in_reader_language(one.label), change_at(f"parent.{one.code}"))
            for one, _ in card.hierarchies
        ],
        ids=[_id_row(card, one, change_at(f"id.{one.code}")) for one in card.systems],
        days=_days(asked, card, on),
        runs=[_run(one) for one in runs_of_object(asked.actor, card.key).defer("names", "settings")[:_RUNS_SHOWN]],
        changes=_changes(asked, card),
        created=card.created,
        geometry_at=reverse("explorer-geometry", args=[card.uid]) + asked.query(),
        proposes=card.may_propose and not card.may_edit,
        proposals=[
            (reverse("proposal", args=[one.pk]), one.by, one.made)
            for one in open_proposals(asked.actor, card.key)[:_PROPOSALS_SHOWN]
        ],
        children=_children(asked, card),
        invalid_change_at=change_at("invalid"),
    )


def _status(card: Card, on: str) -> tuple[str, str, str]:
    if card.state.invalid:
        return "!", gettext("invalid"), "problem"
    if in_force(card.state.exists, on):
        return "✓", gettext("exists"), "new"
    return "⊘", gettext("doesn’t exist at this date"), "blocked"


def _row(title: str, periods: list[Period], on: str, words: Callable[[object], str], change_at: str) -> Row:
    shown = latest(periods, on)
    spans = [
        Span(_day(period["from"]), _day(period["to"]), words(period["value"]), period is shown) for period in periods
    ]
    return Row(
        title=title,
        spans=spans,
        current=[span for span in spans if span.now],
        past=shown is not None and in_force(periods, on) is None,
        change_at=change_at,
    )


def _parents_row(asked: Asked, card: Card, hierarchy: str, title: str, change_at: str) -> Row:
    # A parent's edge that has ended never counts (R0.4), and several in force are a defect that has to be seen (R0.3).
    on = asked.on.isoformat()
    edges = card.state.parents.get(hierarchy, [])
    now = all_in_force(edges, on)
    spans = []
    for edge in edges:
        parent = card.parents.get(edge["value"]) if isinstance(edge["value"], int) else None
        spans.append(
            Span(
                _day(edge["from"]),
                _day(edge["to"]),
                _parent_name(parent, on) if parent else "?",
                any(edge is one for one in now),
                reverse("explorer-object", args=[parent.uid]) + asked.query() if parent else "",
            )
        )
    return Row(title=title, spans=spans, current=[span for span in spans if span.now], change_at=change_at)


def _parent_name(parent: Parent, on: str) -> str:
    held = latest(parent.label, on)
    return _localized(held["value"]) if held else parent.code


def _id_row(card: Card, system: ExternalSystem, change_at: str) -> IdRow:
    value = card.state.external_ids.get(system.code, "")
    opens = page_of_unit(system.url, value) if value else ""
    return IdRow(
        system=system.code,
        label=in_reader_language(system.label),
        value=value,
        reserved=system.code in card.state.reserved,
        opens=opens if opens.startswith(("https://", "http://")) else "",
        change_at=change_at,
    )


def _days(asked: Asked, card: Card, on: str) -> list[tuple[str, str, bool]]:
    """Give the days on which something about the object changed, each with its address."""
    state = card.state
    histories: Iterable[list[Period]] = (
        state.exists,
        state.label,
        state.geometry,
        *state.values.values(),
        *state.parents.values(),
    )
    days = {day for periods in histories for one in periods for day in (one["from"], one["to"]) if day is not None}
    at = reverse("explorer-object", args=[card.uid])
    hierarchy = {"hierarchy": asked.tree.code} if asked.tree and len(asked.hierarchies) > 1 else {}
    return [(str(day), at + asked.query(**hierarchy, on=str(day)), day == on) for day in sorted(days, key=str)]


def _run(run: Run) -> dict[str, object]:
    sign, state = state_words(run)
    return {
        "address": reverse("run", args=[run.pk]),
        "id": run.pk,
        "kind": RUN_KINDS[run.kind],
        "config": run.config,
        "sign": sign,
        "state": state,
        "state_code": run.state,
        "ended": run.ended,
    }


def _changes(asked: Asked, card: Card) -> list[dict[str, object]] | None:
    """Give the latest entries of the audit log about the object; None for who may not see that log."""
    if not may(asked.actor, Permission.SEE_AUDIT, organization=card.organization):
        return None
    subject = f"{card.state.type}:{card.state.code}"
    found = entries(kind="geo-object", subject=subject, organizations={card.organization}).filter(action="change")
    return [
        {"at": one.at, "actor": one.actor, "fields": sorted({*(one.before or {}), *(one.after or {})})}
        for one in found[:_CHANGES_SHOWN]
    ]


def _children(asked: Asked, card: Card) -> list[tuple[str, str, bool]]:
    """Give the types of which somebody may add or propose an object below this one, each with its form's address."""
    if asked.tree is None:
        return []
    return [
        (
            in_reader_language(asked.types[code].label),
            reverse("explorer-add", args=[code]) + asked.query(hierarchy=asked.tree.code, below=card.uid),
            not may(asked.actor, Permission.EDIT_OBJECTS, organization=asked.types[code].organization, type=code),
        )
        for code in asked.tree.below(card.state.type)
        if may(asked.actor, Permission.PROPOSE_OBJECTS, organization=asked.types[code].organization, type=code)
    ]


def words_of(attribute: OurAttribute) -> Callable[[object], str]:
    """Give how values of an attribute read."""

    def words(value: object) -> str:
        if attribute.kind == "boolean":
            return gettext("Yes") if value else gettext("No")
        if attribute.kind == "term":
            label = (attribute.terms or {}).get(str(value))
            return in_reader_language(label) if label else str(value)
        return _localized(value)

    return words


def _localized(value: object) -> str:
    return in_reader_language(value) if isinstance(value, dict) else str(value)


def _geometry(value: object) -> str:
    if not isinstance(value, bytes):
        return ""
    kind = str(to_geojson(value)["type"])
    west, south, east, north = bounds(value)
    if kind == "Point":
        return f"{south:.6g}, {west:.6g}"
    return f"{kind} ({south:.4g}, {west:.4g} – {north:.4g}, {east:.4g})"


def _day(day: object) -> str | None:
    return day if isinstance(day, str) else None
