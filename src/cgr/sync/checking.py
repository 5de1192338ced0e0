"""What is wrong with a configuration as far as is known: against what its DHIS2 had when it was last asked, or now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.errors import CgrError
from cgr.core.mapping_rules import Finding, check_mapping
from cgr.core.records import OurType, RemoteShape
from cgr.registry.queries import type_shapes
from cgr.sync.configs import mapping_of
from cgr.sync.notices import notice_findings
from cgr.sync.offers import refresh
from cgr.sync.planning import plannable
from cgr.systems.shapes import kept

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


class Checked(Struct, frozen=True):
    """What a check found, and what it looked at: `types` of the hierarchy, `shape` of the DHIS2 (None: never read).

    `read_at`: as of when DHIS2 is known, or None; `trouble`: why not as of now.
    """

    findings: list[Finding]
    types: dict[str, OurType]
    shape: RemoteShape | None
    read_at: datetime | None
    trouble: CgrError | None = None


def checked(actor: Actor, code: str, *, now: bool = False) -> Checked:
    """Hold a configuration against what is known of its DHIS2; with `now` that is asked first, for a short while."""
    config = plannable(actor, code)
    trouble = refresh(actor, config.system.code) if now else None
    known = kept(config.system)
    shape = known.shape if known is not None else None
    types = type_shapes(config.hierarchy.code)
    found = check_mapping(mapping_of(config), types, shape)
    read_at = known.read_at if known is not None else None
    return Checked([*found, *notice_findings(config)], types, shape, read_at, trouble)
