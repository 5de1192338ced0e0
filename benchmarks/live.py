"""`make bench DHIS2=url`: the same protocols on a real DHIS2, in a sub-tree of its own that stays there.

Organisation units can't be taken back over the API by whoever made them for a benchmark, so nothing is made before
somebody said YES=1, and PRODUCTION=1 for a server that doesn't call itself a test.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import secrets
import string
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec
import protocols
from bench import Registry
from figures import Figures
from server import Server, Session

from cgr.embedded_postgres import ensure_running

if TYPE_CHECKING:
    from collections.abc import Iterator

PEER_SECONDS = 30.0
DEFAULT_UNITS = 2_000
_TEST_WORDS = frozenset(
    ("test", "testing", "demo", "sandbox", "play", "training", "staging", "dev", "bench", "benchmark", "rehearsal")
)
_PAGE = 2_048
_FIELDS = "id,path,parent[id],name,shortName,code,openingDate,closedDate,translations[property,locale,value]"
_UID_LENGTH = 11
_USAGE = 2


class _Page(msgspec.Struct):
    """A page of units, left undecoded."""

    units: list[msgspec.Raw] = msgspec.field(name="organisationUnits", default=[])


@dataclass(frozen=True)
class Place:
    """Where the sub-tree hangs. `level`: that of its root. `stamp` tells one benchmark from another."""

    parent: str
    parent_name: str
    level: int
    root: str
    stamp: str
    units: int


def main() -> None:
    """Look, ask, make, measure, tell."""
    server = given_server()
    with Session(server) as session:
        info = session.get("system/info")
        place = find_place(session, int(os.environ.get("UNITS") or DEFAULT_UNITS))
        name = str(info.get("systemName") or "")
        print(f"DHIS2 {info['version']} at {server.url} ({name or 'without a name'})")
        _stop_unless_allowed(server, name, place)
        for line in measure(server, session, place):
            print(line, flush=True)
        print(
            f"- {place.units + 1:,} organisation units named {root_name(place)} … stay below {place.parent_name}: root"
            f" {place.root}. Delete them in DHIS2's maintenance app if they are in the way."
        )


def given_server() -> Server:
    """Read the address, and the sign-in from DHIS2_USER and DHIS2_PASSWORD or the address; neither is shown."""
    parts = urlsplit(os.environ["DHIS2"])
    user = os.environ.get("DHIS2_USER") or unquote(parts.username or "")
    password = os.environ.get("DHIS2_PASSWORD") or unquote(parts.password or "")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        _refuse("DHIS2 has to be an address like https://dhis2.example.org/path.")
    if not user or not password:
        _refuse("Who signs in? Set DHIS2_USER and DHIS2_PASSWORD in the environment.")
    netloc = parts.netloc.rpartition("@")[2]
    return Server(f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}", user, password)


def looks_like_a_test(host: str, system_name: str) -> bool:
    """Say whether a server is on this machine or calls itself a test; anything else may be somebody's production."""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    words = re.split(r"[^a-z]+", f"{host} {system_name}".lower())
    return here or not _TEST_WORDS.isdisjoint(words)


def find_place(session: Session, units: int) -> Place:
    """Take the parent from PARENT, else the first unit that we belong to, else the root."""
    parent = os.environ.get("PARENT") or ""
    if not parent:
        ours = session.get("me", fields="organisationUnits[id]").get("organisationUnits") or []
        roots = session.get("organisationUnits", fields="id", filter="level:eq:1", paging="false")
        known = [*ours, *roots.get("organisationUnits", [])]
        if not known:
            _refuse("This DHIS2 has no organisation unit to hang the benchmark's units below; make a root first.")
        parent = str(known[0]["id"])
    row = session.get(f"organisationUnits/{parent}", fields="id,name,path")
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return Place(parent, str(row["name"]), row["path"].count("/") + 1, new_uid(), stamp, units)


def _stop_unless_allowed(server: Server, system_name: str, place: Place) -> None:
    host = urlsplit(server.url).hostname or ""
    print(
        f"This makes {place.units + 1:,} organisation units, {root_name(place)} and those below it, below"
        f" {place.parent_name} ({place.parent}). They stay: it can't be undone from here."
    )
    if not looks_like_a_test(host, system_name) and os.environ.get("PRODUCTION") != "1":
        _refuse(
            "Neither the address nor the system's name says that this is a test server. If it is one all the same, or"
            " its owner agrees, say PRODUCTION=1."
        )
    if os.environ.get("YES") != "1":
        _refuse("If that is what you want, say YES=1 (and PARENT=id for another place, UNITS=n for another number).")


def _refuse(why: str) -> None:
    print(f"Nothing was changed. {why}")
    raise SystemExit(_USAGE)


def measure(server: Server, session: Session, place: Place) -> Iterator[str]:
    """Make the sub-tree, then bring the same new names to it in every way; tell each as soon as it is known."""
    session.send([_root(place)])
    made = facilities(place)
    single = protocols.within(PEER_SECONDS, protocols.iaso_creations, session, made[: place.units // 2])
    yield _peer("Iaso, creations", single)
    rest = made[single.count :]
    bulk = protocols.bare_loop(session, rest)
    yield f"- bare loop, new units and then the same again: {bulk.rate:,.1f} units/s"
    for name, protocol in (
        ("GPR 0.19", protocols.gpr_0_19),
        ("GPR 0.19 with relationships", protocols.gpr_0_19_relationships),
        ("GPR 1.x", protocols.gpr_1),
        ("Iaso, updates", protocols.iaso_updates),
    ):
        yield _peer(name, protocols.within(PEER_SECONDS, protocol, session, _named(made, name)))
    bare = protocols.bare_loop(session, _named(made, "bare"))
    yield f"- bare loop: {bare.rate:,.1f} units/s"
    with tempfile.TemporaryDirectory(prefix="cgr-bench-") as folder:
        registry = Registry(Path(folder))
        registry.know(server)
        with ensure_running(registry.data):
            yield from _ours(registry, server, session, place, bare)


def _ours(registry: Registry, server: Server, session: Session, place: Place, bare: Figures) -> Iterator[str]:
    registry.configure(configuration(server, place))
    levels = f"{place.level}=root,{place.level + 1}=facility"
    where = ("--system", "hmis", "--hierarchy", "admin", "--root", place.root)
    registry.cgr("import", "dhis2", *where, "--levels", levels)
    download = bare_download(session)
    nothing = registry.stage("plan")
    yield f"- nothing to do: a plan takes {nothing.seconds / download.seconds:.2f}× the bare download of the same pages"
    news = registry.write(
        "news.ndjson",
        (
            {"type": "facility", "code": unit["code"], "label": {"default": unit["name"]}}
            for unit in _named(facilities(place), "ours")
        ),
    )
    registry.stage("change", str(news))
    registry.stage("plan")
    applied = registry.stage("apply")
    yield f"- ours: {applied.rate:,.1f} units/s"
    yield f"- {applied.count:,} units changed: sync takes {applied.share / bare.share:.2f}× the bare loop"


def _peer(name: str, figures: Figures) -> str:
    return f"- {name}: {figures.rate:,.1f} units/s ({figures.count:,} units in {figures.seconds:.0f} s)"


def bare_download(session: Session) -> Figures:
    """Read the pages that a plan reads, one after the other, and drop them; until a page is short (fact O6)."""
    began, rows = time.monotonic(), 0
    for page in count(1):
        reply = session.read("organisationUnits", fields=_FIELDS, order="id:asc", page=str(page), pageSize=str(_PAGE))
        came = len(msgspec.json.decode(reply, type=_Page).units)
        rows += came
        if came < _PAGE:
            return Figures(rows, time.monotonic() - began)
    raise AssertionError  # pages end


def root_name(place: Place) -> str:
    """Name the sub-tree so that whoever meets it knows what it is."""
    return f"cgr benchmark {place.stamp}"


def _root(place: Place) -> dict[str, Any]:
    return _unit(place.root, place.parent, f"cgr-bench-{place.stamp}", root_name(place))


def facilities(place: Place) -> list[dict[str, Any]]:
    """Give the units below the root; their ids follow from the root's, so that every call gives the same."""
    return [
        _unit(
            f"{place.root[:5]}{number:06}",
            place.root,
            f"cgr-bench-{place.stamp}-{number}",
            f"{root_name(place)} unit {number}",
        )
        for number in range(place.units)
    ]


def _unit(uid: str, parent: str, code: str, name: str) -> dict[str, Any]:
    return {
        "id": uid,
        "code": code,
        "name": name,
        "shortName": name,
        "openingDate": "2001-02-03",
        "parent": {"id": parent},
    }


def _named(made: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    return [{**unit, "name": f"{unit['name']} by {by}"} for unit in made]


def new_uid() -> str:
    """Give an id of DHIS2's form."""
    first = secrets.choice(string.ascii_letters)
    return first + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(_UID_LENGTH - 1))


def configuration(server: Server, place: Place) -> str:
    """Give a registry of two types; the levels above are there, as none of our business."""
    above = [f"above{level}" for level in range(1, place.level)]
    types = [*above, "root", "facility"]
    tree: dict[str, Any] = {}
    for code in reversed(types):
        tree = {code: tree}
    auth = {"kind": "basic", "username": server.user, "password": {"env": "BENCHMARK_PASSWORD"}}
    sync = {"root": "none", "facility": "both"}
    levels = [{"type": code, "sync": sync.get(code, "none")} for code in types]
    document = {
        "version": 1,
        "organizations": [{"code": "MOH", "label": "Benchmark"}],
        "types": [{"code": code, "organization": "MOH", "label": code, "geometry": "none"} for code in types],
        "hierarchies": [{"code": "admin", "organization": "MOH", "label": "Administrative", "tree": tree}],
        "systems": [
            {
                "code": "hmis",
                "organization": "MOH",
                "kind": "dhis2",
                "label": "HMIS",
                "url": server.url,
                "auth": auth,
            }
        ],
        "syncs": [
            {
                "code": "all",
                "organization": "MOH",
                "label": "All",
                "hierarchy": "admin",
                "system": "hmis",
                "levels": levels,
            }
        ],
    }
    return json.dumps(document)  # JSON is YAML
