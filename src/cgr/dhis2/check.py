"""Is this DHIS2 fit for us, and are we for it: what `cgr system check` and "Test connection" show (R1.2)."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from cgr.core.records import RemoteLevel
from cgr.dhis2.compatibility import version_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.dhis2.client import Dhis2
    from cgr.dhis2.reading import Me
    from cgr.dhis2.versions import Features

_MUCH_SKEW_S = 300
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SystemCheck(Struct, frozen=True):
    """The JSON of `cgr system check`. `clock_skew_s`: their clock minus ours, None when they don't show it."""

    version: str
    user: str
    missing_authorities: tuple[str, ...]
    levels: tuple[RemoteLevel, ...]
    units: int
    clock_skew_s: int | None
    warnings: tuple[str, ...]


def check_system(client: Dhis2) -> SystemCheck:
    """Ask everything that has to be right before the first run; the errors say what is in the way."""
    before = datetime.now(UTC)
    info = client.system_info()
    skew = _clock_skew(client, before + (datetime.now(UTC) - before) / 2)
    me = client.me()
    return SystemCheck(
        version=info.version,
        user=me.username,
        missing_authorities=tuple(name for name in needed_authorities(client.features) if not me.may(name)),
        levels=client.levels(),
        units=client.count_units(),
        clock_skew_s=skew,
        warnings=tuple(_warnings(client, me, skew)),
    )


def needed_authorities(features: Features) -> tuple[str, ...]:
    """Give the least that our whole work needs (A2); F_METADATA_IMPORT is not among it (A1)."""
    move = ("F_ORGANISATIONUNIT_MOVE",) if features.moves_need_authority else ()
    return ("F_ORGANISATIONUNIT_ADD", *move, "F_ORGUNITGROUP_PUBLIC_ADD")


def _clock_skew(client: Dhis2, now: datetime) -> int | None:
    """Prefer DHIS2's own clock (its zone is shown from 2.36 on) to the Date header, which a proxy may have made."""
    theirs = _server_date(client) or _date_header(client)
    return round((theirs - now).total_seconds()) if theirs is not None else None


def _server_date(client: Dhis2) -> datetime | None:
    info = client.system_info()
    if not info.server_date or not info.server_time_zone_id:
        return None
    try:
        shown, zone = datetime.fromisoformat(info.server_date), ZoneInfo(info.server_time_zone_id)
    except (ValueError, ZoneInfoNotFoundError):
        return None
    return shown if shown.tzinfo is not None else shown.replace(tzinfo=zone)


def _date_header(client: Dhis2) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(client.date_header or "").replace(tzinfo=UTC)
    except ValueError:
        return None


def _warnings(client: Dhis2, me: Me, skew: int | None) -> Iterator[str]:
    features = client.features
    yield from version_warnings(features.version)
    if not client.encrypted and client.host not in _LOOPBACK:
        yield "The address begins with http://, so the password travels in the clear; use https."
    if skew is not None and abs(skew) > _MUCH_SKEW_S:
        yield f"The server's clock differs from ours by {skew} s."
    if calendar := client.system_info().foreign_calendar:
        yield f"The system calendar is {calendar}; values of DATE attributes are checked in it."
    if features.moves_need_authority and not me.units and not me.may("ALL"):
        yield "The account belongs to no organisation unit, so DHIS2 will refuse to move units."
    if features.moves_leave_paths_stale and not me.may("F_PERFORM_MAINTENANCE"):
        yield (
            "Without F_PERFORM_MAINTENANCE the stored paths below moved units can't be repaired by one call; "
            "their descendants have to be sent again."
        )
