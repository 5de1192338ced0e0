"""`make bench`: import, plan, change, apply at several sizes, the same beside peers on a server as slow as real ones.

The DHIS2 is the sandbox in a process of its own. Ratios within one run are what counts; seconds are this machine's.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import live
import pages
import protocols
import realistic
import tables
import workers
from bench import HERE, Registry
from country import configuration, renamed, units, write_content
from figures import Figures, seconds
from server import VERSION, Session, sandbox

from cgr.embedded_postgres import ensure_running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REPORT = HERE.parent / "docs" / "reference" / "performance.md"
SHARE_CHANGED = 10
UNITS_OF_TARGET = 10_000
UNITS_TOLD_WHOLE = 100
MAPPED_AT_MOST = 100_000
REALISTIC_AT_MOST = 100_000
PAGES_AT_MOST = 300_000
"""A server as slow as real ones needs 90 seconds to show so many units."""
ROWS_AT_MOST = 100_000
ROUNDS = 3
HEAD = (
    "| units | stage | units handled | units/s | CPU s per 10,000 | peak memory, MiB |",
    "|---:|---|---:|---:|---:|---:|",
)
PLAIN_PLAN = "plan, attributes not mapped"
MAPPED_PLAN = "plan, 10 attributes, 2 option sets, 3 groups"


class Bench:
    """One size: a sandbox without latency, an empty registry, the stages one after the other."""

    def __init__(self, folder: Path, size: int, *, mapped: bool = False) -> None:
        """Write the files of the country; `mapped`: with attributes, option sets and groups."""
        self.size = size
        self.content = folder / "country.json"
        write_content(self.content, size, mapped=mapped)
        self.registry = Registry(folder)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run the database and the sandbox, and set the registry up."""
        with ensure_running(self.registry.data), sandbox(self.content) as server:
            self.registry.configure(configuration(server.url))
            yield server

    def run(self) -> dict[str, Figures]:
        """Give the figures of every stage."""
        stage = self.registry.stage
        news = self.registry.write("news.ndjson", renamed(self.size, SHARE_CHANGED))
        with self.serving() as server:
            found = {
                "read, the sandbox encodes": stage("read"),
                "read": stage("read"),
                "import": stage("import"),
                "plan, nothing to do": stage("plan"),
            }
            changed = {line["code"] for line in renamed(self.size, SHARE_CHANGED)}
            before = [unit for unit in units(self.size) if unit["code"] in changed]
            with Session(server) as session:
                bare = protocols.bare_loop(session, before)
            stage("change", str(news))
            found["plan, one in ten changed"] = stage("plan")
            found["apply"] = stage("apply")
            found["bare loop"] = bare
        return found

    def run_mapped(self) -> dict[str, Figures]:
        """Give the figures of planning without and with everything a level can map, on the same content."""
        stage = self.registry.stage
        with self.serving():
            stage("import-mapped")
            plain, mapped = zip(*((stage("plan"), stage("plan-mapped")) for _ in range(ROUNDS)), strict=True)
        return {PLAIN_PLAN: min(plain, key=seconds), MAPPED_PLAN: min(mapped, key=seconds)}


def table(found: dict[int, dict[str, Figures]]) -> Iterator[str]:
    """Give the results as a table in Markdown."""
    yield from HEAD
    for size, stages in found.items():
        for name, figures in stages.items():
            yield row(f"{size:,}", name, figures)


def row(size: str, name: str, figures: Figures) -> str:
    """Give one line of the table."""
    cpu = figures.cpu_seconds * UNITS_OF_TARGET / figures.count
    memory = f"{figures.peak_mib:,.0f}" if figures.peak_mib else "–"
    rate = f"{figures.rate:,.0f}" if figures.rate >= UNITS_TOLD_WHOLE else f"{figures.rate:,.1f}"
    return f"| {size} | {name} | {figures.count:,} | {rate} | {cpu:.2f} | {memory} |"


def ratios(found: dict[int, dict[str, Figures]]) -> Iterator[str]:
    """Give what may be compared between machines."""
    for size, stages in found.items():
        own = stages["apply"].share / stages["bare loop"].share
        yield f"- {size:,} units, a server that takes no time: a unit costs apply {own:.2f} times what posting it costs"
        if MAPPED_PLAN in stages:
            cost = stages[MAPPED_PLAN].seconds / stages[PLAIN_PLAN].seconds
            yield f"- {size:,} units: 10 attributes, 2 option sets and 3 groups make a plan {cost:.2f}× as long"
    sizes = sorted(found)
    if len(sizes) > 1:
        small, large = found[sizes[0]], found[sizes[-1]]
        for name in ("import", "plan, nothing to do"):
            growth = (large[name].peak_mib - small[name].peak_mib) / (sizes[-1] - sizes[0]) * UNITS_OF_TARGET
            yield f"- peak memory of {name} grows by {growth:.1f} MiB per 10,000 units"


def _work(sizes: Sequence[int], _version: str) -> Iterator[str]:
    found: dict[int, dict[str, Figures]] = {}
    for size in sizes:
        with _folder() as folder:
            found[size] = Bench(folder, size).run()
        if size <= MAPPED_AT_MOST:
            with _folder() as folder:
                found[size] |= Bench(folder, size, mapped=True).run_mapped()
    yield from ratios(found)
    yield ""
    yield from table(found)


def _protocols(sizes: Sequence[int], version: str) -> Iterator[str]:
    with _folder() as folder:
        slow = realistic.measure(folder, min(max(sizes), REALISTIC_AT_MOST), version=version)
    yield from realistic.lines(slow)
    yield ""
    yield from HEAD
    for name, figures in realistic.rows(slow):
        yield row(f"{slow.size:,}", name, figures)


def _workers(_sizes: Sequence[int], _version: str) -> Iterator[str]:
    with _folder() as folder:
        yield from workers.lines(folder)


def _pages(sizes: Sequence[int], _version: str) -> Iterator[str]:
    with _folder() as folder:
        yield from pages.lines(folder, min(max(sizes), PAGES_AT_MOST))


def _files(sizes: Sequence[int], _version: str) -> Iterator[str]:
    objects = max(sizes)
    with _folder() as folder:
        found = tables.measure(folder, min(objects, ROWS_AT_MOST), objects)
    yield from tables.lines(found)
    yield ""
    yield from table({objects: tables.stages(found)})


PARTS: Final[dict[str, Callable[[Sequence[int], str], Iterator[str]]]] = {
    "work": _work,
    "protocols": _protocols,
    "workers": _workers,
    "pages": _pages,
    "files": _files,
}
"""What is measured one after the other, and has a place of its own on the page that tells how."""


def main() -> None:
    """Measure, print, and keep the result when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,300000", help="numbers of organisation units, with commas")
    parser.add_argument("--keep", action="store_true", help="write docs/reference/performance.md")
    parser.add_argument("--version", default=VERSION, help="DHIS2 version of the server that is as slow as real ones")
    parser.add_argument("--live", action="store_true", help="measure on the real DHIS2 that the environment names")
    parser.add_argument("--only", choices=PARTS, help="measure one part, and nothing else")
    options = parser.parse_args()
    if options.live:
        live.main()
        return
    sizes = [int(text) for text in options.sizes.split(",")]
    for part in [options.only] if options.only else PARTS:
        lines = list(PARTS[part](sizes, options.version))
        print("\n".join(lines), flush=True)
        if options.keep:
            keep(part, lines)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cgr-bench-") as folder:
        yield Path(folder)


def keep(part: str, lines: Sequence[str]) -> None:
    """Put a part's figures in their place on the page that tells how they are made."""
    begin, end = f"<!-- {part}: written by make bench -->", f"<!-- end of {part} -->"
    before, _, rest = REPORT.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    day = f"{datetime.now(tz=UTC):%Y-%m-%d}"
    machine = f"One machine's ({os.cpu_count()} cores, Python {platform.python_version()}) on {day}."
    REPORT.write_text("\n".join([before + begin, "", machine, "", *lines, "", end + after]), encoding="utf-8")


if __name__ == "__main__":
    main()
