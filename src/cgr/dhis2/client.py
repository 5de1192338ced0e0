"""The door to one DHIS2: everything the product ever asks of it, in the product's words.

One instance is one session and one run; its requests are made from one thread, reading ahead apart. Nothing is asked
before the first call, and the version is asked for once, because most calls depend on it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from cgr.dhis2 import errors as e
from cgr.dhis2 import paging, reading, writing
from cgr.dhis2.compatibility import version_refusal
from cgr.dhis2.connection import MEGABYTE, Connection, Timeouts
from cgr.dhis2.errors import fault
from cgr.dhis2.versions import Features, Version, features_of, parse_version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    import httpx2

    from cgr.core.records import RemoteAttribute, RemoteGroup, RemoteLevel, TheirUnit
    from cgr.dhis2.auth import Credentials
    from cgr.dhis2.reports import ImportReport
    from cgr.dhis2.wire import LastChange, SystemInfo

MAX_REPLY_BYTES = 64 * MEGABYTE


def connect(
    url: str,
    auth: Credentials,
    *,
    allow_private_networks: bool,
    timeouts: Timeouts | None = None,
    max_reply_bytes: int = MAX_REPLY_BYTES,
    transport: httpx2.BaseTransport | None = None,
    on_wait: Callable[[float], None] | None = None,
) -> Connection:
    """Check the address and give the bare connection, as what comes before a sign-in needs it (`oauth`)."""
    return Connection(
        url,
        auth,
        allow_private_networks=allow_private_networks,
        timeouts=timeouts or Timeouts(),
        max_reply_bytes=max_reply_bytes,
        transport=transport,
        on_wait=on_wait,
    )


class Dhis2:
    """A DHIS2 of version 2.31 to 2.43 (newer ones are treated like the newest). Errors: `cgr.dhis2.errors`."""

    def __init__(
        self,
        url: str,
        auth: Credentials,
        *,
        allow_private_networks: bool = True,
        timeouts: Timeouts | None = None,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        transport: httpx2.BaseTransport | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        """Check the address; nothing is sent yet. `on_wait` is told the seconds before each wait for a busy server."""
        self._connection = connect(
            url,
            auth,
            allow_private_networks=allow_private_networks,
            timeouts=timeouts,
            max_reply_bytes=max_reply_bytes,
            transport=transport,
            on_wait=on_wait,
        )

    def __enter__(self) -> Self:
        """Give the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    def before_each_post(self, check: Callable[[], None]) -> None:
        """Call `check` from here on right before each POST; when it raises, nothing is sent."""
        self._connection.before_post = check

    @property
    def host(self) -> str:
        """The server's name, for messages."""
        return self._connection.host

    @property
    def encrypted(self) -> bool:
        """Whether what we send, the password too, can't be read on the way."""
        return self._connection.encrypted

    def conceal(self, text: str) -> str:
        """Give a text, one that is to be kept, without the secrets that we sign in with."""
        return self._connection.conceal(text)

    @property
    def requests(self) -> int:
        """How many requests were sent, repeated ones too."""
        return self._connection.requests

    @property
    def seconds_in_requests(self) -> float:
        """How long we waited for answers; requests made at the same time, as when reading ahead, count each."""
        return self._connection.seconds_in_requests

    @property
    def seconds_waited(self) -> float:
        """How long we waited because the server was busy or away."""
        return self._connection.seconds_waited

    @cached_property
    def _info(self) -> tuple[SystemInfo, str | None]:
        return reading.system_info(self._connection)

    def system_info(self) -> SystemInfo:
        """Give version and clock; read once."""
        return self._info[0]

    @property
    def date_header(self) -> str | None:
        """The Date header of the reply that carried the system information."""
        return self._info[1]

    @cached_property
    def version(self) -> Version:
        """The version in numbers; ProtocolBroken when the server shows none, NeedsPerson when it is too old for us."""
        text = self.system_info().version
        try:
            version = parse_version(text)
        except ValueError as error:
            message = f"{self.host} shows a version that can't be read: {text[:40]!r}."
            raise fault(e.UNKNOWN_VERSION, message) from error
        if refusal := version_refusal(version):
            raise fault(e.VERSION_TOO_OLD, f"{self.host} can't be used. {refusal}")
        return version

    @cached_property
    def features(self) -> Features:
        """How that version behaves."""
        return features_of(self.version)

    def me(self) -> reading.Me:
        """Read who we are and what we may do."""
        return reading.me(self._connection, self.features)

    def levels(self) -> tuple[RemoteLevel, ...]:
        """Read the levels from the top, unnamed ones under a generated name."""
        return reading.levels(self._connection)

    def named_levels(self) -> tuple[RemoteLevel, ...]:
        """Read the levels that somebody named, whether they have units or not."""
        return reading.named_levels(self._connection)

    def groups(self) -> dict[str, RemoteGroup]:
        """Read all organisation unit groups by id, without members."""
        return reading.groups(self._connection)

    def group_sets(self) -> dict[str, str]:
        """Read id → name of all organisation unit group sets."""
        return reading.group_sets(self._connection)

    def locales(self) -> dict[str, str]:
        """Read the languages of the database, as translations name them → English name."""
        return reading.locales(self._connection)

    def attributes(self) -> dict[str, RemoteAttribute]:
        """Read all attributes by id, of other objects too; options only of those for units."""
        return reading.attributes(self._connection)

    def group_members(self, group: str) -> set[str]:
        """Read the ids of a group's members; NeedsPerson when it doesn't exist."""
        return reading.group_members(self._connection, group)

    def count_units(self) -> int:
        """Count all organisation units, independently of any list."""
        return reading.count_units(self._connection, self.features)

    def find_units(self, text: str, *, limit: int) -> list[reading.FoundUnit]:
        """Search units by a part of the name, or by the whole id."""
        return reading.find_units(self._connection, text, limit=limit)

    def stream_units(
        self, fields: Collection[str] | None = None, *, page_size: int = paging.PAGE_SIZE
    ) -> Iterator[list[TheirUnit]]:
        """Yield all units in pages; nothing may be concluded before it ends without an error (see `paging`)."""
        return paging.stream_units(self._connection, self.features, fields=fields, page_size=page_size)

    def owners(self, uids: Iterable[str]) -> dict[str, dict[str, object]]:
        """Read units whole, as they have to be sent back; ids that don't exist are absent."""
        return reading.owners(self._connection, uids)

    def last_changes(self, uids: Sequence[str]) -> dict[str, LastChange]:
        """Read when these units were written last and by whom."""
        return reading.last_changes(self._connection, uids)

    def import_units(
        self, units: Sequence[Mapping[str, object]], *, strategy: writing.Strategy, validate: bool
    ) -> ImportReport:
        """Send whole units (`payload_unit`) in one transaction, or only have them validated."""
        return writing.import_units(self._connection, units, strategy=strategy, validate=validate)

    def add_to_group(self, group: str, uids: Iterable[str]) -> writing.Additions:
        """Make units members of a group; nobody is removed."""
        return writing.add_to_group(self._connection, self.features, group=group, uids=uids)

    def rebuild_paths(self) -> None:
        """Have DHIS2 repair stored paths and levels after moves."""
        writing.rebuild_paths(self._connection)
