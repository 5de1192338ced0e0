"""The body of each unit, and the request that carries them: what validation and apply have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgr.core.evidence import Answer, Evidence, evidence
from cgr.core.overlay import overlay
from cgr.dhis2.reports import ImportReport, attribute_refusals
from cgr.dhis2.units import payload_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cgr.core.changes import Change
    from cgr.dhis2.client import Dhis2
    from cgr.dhis2.writing import Strategy

_encode = msgspec.json.Encoder().encode


def send_units(
    client: Dhis2,
    changes: Sequence[Change],
    owners: Mapping[str, dict[str, object]],
    *,
    strategy: Strategy,
    validate: bool,
) -> ImportReport:
    """Send each unit's own fresh JSON with the change laid over it; refusals without an id are attributed (fact O2)."""
    bodies = [body_of(client, change, owners) for change in changes]
    report = client.import_units(bodies, strategy=strategy, validate=validate)
    return report if report.ok else attribute_refusals(report, bodies)


def body_of(client: Dhis2, change: Change, owners: Mapping[str, dict[str, object]]) -> dict[str, object]:
    """Give the body of one unit: the same each time it is made of the same three."""
    return payload_unit(overlay(owners.get(change.uid), change), client.features)


def evidence_of(client: Dhis2, change: Change, owners: Mapping[str, dict[str, object]], answer: Answer) -> Evidence:
    """Give what is kept of a refused unit's exchange: its body made once more, and DHIS2's answer (R9.3)."""
    return evidence(body_of(client, change, owners), answer, conceal=client.conceal)


def weight(change: Change, owner: Mapping[str, object] | None) -> int:
    """Say how many bytes a unit adds to a body, about: its own JSON, and what is laid over it."""
    return len(_encode(owner)) + len(_encode(change.fields))
