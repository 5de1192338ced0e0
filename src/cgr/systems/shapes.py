"""What a system offers to map to: read whenever a check or a plan needs it, and kept with the moment of reading.

So a form can offer selections at once, and goes on doing so while the DHIS2 is away (R4.1, R7.1).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from django.utils import timezone
from msgspec import Struct

from cgr.core.errors import OtherSide
from cgr.core.records import RemoteShape
from cgr.dhis2.shape import read_shape
from cgr.systems.connection import open_client
from cgr.systems.models import ReadShape

if TYPE_CHECKING:
    from cgr.dhis2.client import Dhis2
    from cgr.dhis2.connection import Timeouts
    from cgr.systems.models import ExternalSystem


class KeptShape(Struct, frozen=True):
    """A shape and when it was read."""

    shape: RemoteShape
    read_at: datetime


def read_and_keep(client: Dhis2, system: ExternalSystem) -> KeptShape:
    """Read what the system offers now, in place of what was kept; errors of the other side leave that as it was."""
    shape, now = read_shape(client), timezone.now()
    ReadShape.objects.update_or_create(system=system, defaults={"shape": msgspec.to_builtins(shape), "read_at": now})
    return KeptShape(shape, now)


def kept(system: ExternalSystem) -> KeptShape | None:
    """Give what was kept; None when nothing was, or a former version of the product wrote it otherwise."""
    row = ReadShape.objects.filter(system=system).first()
    if row is None:
        return None
    try:
        return KeptShape(msgspec.convert(row.shape, RemoteShape), row.read_at)
    except msgspec.ValidationError:
        return None


def kept_or_read(
    system: ExternalSystem, *, refresh: bool, timeouts: Timeouts | None = None
) -> tuple[KeptShape, str | None]:
    """Give what was kept, or with `refresh` what is there now; the text says why that couldn't be read.

    OtherSide when nothing was kept and nothing can be read.
    """
    known = kept(system)
    if known is not None and not refresh:
        return known, None
    try:
        with open_client(system, timeouts=timeouts) as client:
            return read_and_keep(client, system), None
    except OtherSide as error:
        if known is None:
            raise
        return known, error.message


def forget(system: ExternalSystem) -> None:
    """Drop what was kept: it was another server's."""
    ReadShape.objects.filter(system=system).delete()
