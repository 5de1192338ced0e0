"""One synchronisation against a server that takes as long as real ones were measured to, beside what peers would do."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import protocols
from bench import Registry
from country import configuration, renamed, uid, units, write_content
from figures import Figures
from server import LATENCY_SECONDS, VERSION, Session, sandbox

from cgr.embedded_postgres import ensure_running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from server import Server

SHARE_CHANGED = 10
PEER_SECONDS = 20.0
_PAGE = 2_048
_FIELDS = "id,path,parent[id],name,shortName,code,openingDate,closedDate,geometry,translations[property,locale,value]"
_NEW_UNITS = 1_000
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Realistic:
    """What was measured: ours, the floors, each peer by its name."""

    size: int
    version: str
    download: Figures
    nothing_to_do: Figures
    plan: Figures
    apply: Figures
    bare: Figures
    peers: dict[str, Figures]


def measure(folder: Path, size: int, *, version: str = VERSION, latency: float = LATENCY_SECONDS) -> Realistic:
    """Measure everything on one country; each part finds the server as it was."""
    content = folder / "country.json"
    write_content(content, size)
    registry = Registry(folder)
    news = registry.write("news.ndjson", renamed(size, SHARE_CHANGED))
    with ensure_running(registry.data):
        with sandbox(content, version=version) as quick:
            registry.configure(configuration(quick.url))
            registry.stage("import")
        with sandbox(content, version=version, latency=latency) as server:
            registry.configure(configuration(server.url))
            download = bare_download(server)
            nothing = registry.stage("plan")
            registry.stage("change", str(news))
            plan, applied = registry.stage("plan"), registry.stage("apply")
        with sandbox(content, version=version, latency=latency) as server, Session(server) as session:
            changed = _changed(size)
            bare = protocols.bare_loop(session, changed)
            peers = {
                "GPR 0.19": _peer(protocols.gpr_0_19, session, changed),
                "GPR 0.19 with relationships": _peer(protocols.gpr_0_19_relationships, session, changed),
                "GPR 1.x": _peer(protocols.gpr_1, session, changed),
                "Iaso, updates": _peer(protocols.iaso_updates, session, changed),
                "Iaso, creations": _peer(protocols.iaso_creations, session, _new(size)),
            }
    return Realistic(size, version, download, nothing, plan, applied, bare, peers)


def bare_download(server: Server) -> Figures:
    """Read the pages that a plan reads, one after the other, and drop them undecoded."""
    began, cpu, read = time.monotonic(), time.process_time(), 0
    with Session(server) as session:
        total = session.get("organisationUnits", fields="id", pageSize="1")["pager"]["total"]
        for page in count(1):
            if read >= total:
                break
            session.read("organisationUnits", fields=_FIELDS, order="id:asc", page=str(page), pageSize=str(_PAGE))
            read += _PAGE
    return Figures(total, time.monotonic() - began, time.process_time() - cpu)


def _peer(protocol: protocols.Protocol, session: Session, sent: list[dict[str, Any]]) -> Figures:
    return protocols.within(PEER_SECONDS, protocol, session, sent)


def _changed(size: int) -> list[dict[str, Any]]:
    """Give the units that the news rename, whole."""
    names = {line["code"]: line["label"]["default"] for line in renamed(size, SHARE_CHANGED)}
    return [{**unit, "name": names[unit["code"]]} for unit in units(size) if unit["code"] in names]


def _new(size: int) -> list[dict[str, Any]]:
    """Give units that nobody has yet, below the first region."""
    return [
        {
            "id": uid(size + number),
            "code": f"U{size + number}",
            "name": f"New Centre {number}",
            "shortName": f"New Centre {number}",
            "openingDate": "2001-02-03",
            "parent": {"id": uid(1)},
        }
        for number in range(_NEW_UNITS)
    ]


def lines(found: Realistic) -> Iterator[str]:
    """Tell the ratios, first those that can be promised."""
    yield (
        f"- {found.size:,} units, {found.apply.count:,} changed, a {found.version} server as slow as real ones:"
        f" sync takes {found.apply.share / found.bare.share:.2f}× the bare loop"
    )
    whole = (found.plan.seconds + found.apply.seconds) / (found.download.seconds + found.bare.seconds)
    yield f"- with all the reading and validating before: plan and apply take {whole:.2f}× bare download and bare loop"
    nothing = found.nothing_to_do.seconds / found.download.seconds
    yield f"- nothing to do: a plan takes {nothing:.2f}× the bare download of the same pages"
    for name, figures in found.peers.items():
        yield (
            f"- {name}: {figures.rate:,.1f} units/s against {found.apply.rate:,.1f}: ours is"
            f" {found.apply.rate / figures.rate:.0f} times as fast"
        )
    peak = max(found.nothing_to_do.peak_mib, found.plan.peak_mib, found.apply.peak_mib) * _MEBIBYTE / 1e6
    yield f"- memory at {found.size:,} units: {peak:,.0f} MB at most"


def rows(found: Realistic) -> Iterator[tuple[str, Figures]]:
    """Give the stages for the table."""
    yield "bare download", found.download
    yield "plan, nothing to do", found.nothing_to_do
    yield "plan, one in ten changed", found.plan
    yield "apply", found.apply
    yield "bare loop", found.bare
    yield from found.peers.items()
