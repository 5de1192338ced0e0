"""`make bench`: import, plan, change, apply at several sizes, the same beside peers on a server as slow as real ones.

The DHIS2 is the sandbox in a process of its own. Ratios within one run are what counts; seconds are this machine's.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

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
    from collections.abc import Iterator

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
BEGIN = "<!-- figures: written by make bench -->"
END = "<!-- end of figures -->"
BEGIN_TABLES = "<!-- figures of files: written by make bench -->"
END_TABLES = "<!-- end of figures of files -->"
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
    yield "| units | stage | units handled | units/s | CPU s per 10,000 | peak memory, MiB |"
    yield "|---:|---|---:|---:|---:|---:|"
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


def main() -> None:
    """Measure, print, and keep the result when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,300000", help="numbers of organisation units, with commas")
    parser.add_argument("--keep", action="store_true", help="write docs/reference/performance.md")
    parser.add_argument("--version", default=VERSION, help="DHIS2 version of the server that is as slow as real ones")
    parser.add_argument("--live", action="store_true", help="measure on the real DHIS2 that the environment names")
    parser.add_argument("--files", action="store_true", help="measure files in and out, and nothing else")
    options = parser.parse_args()
    if options.live:
        live.main()
        return
    sizes = [int(text) for text in options.sizes.split(",")]
    _measure_files(max(sizes), keep_them=options.keep)
    if options.files:
        return
    found: dict[int, dict[str, Figures]] = {}
    for size in sizes:
        with _folder() as folder:
            found[size] = Bench(folder, size).run()
        if size <= MAPPED_AT_MOST:
            with _folder() as folder:
                found[size] |= Bench(folder, size, mapped=True).run_mapped()
    with _folder() as folder:
        slow = realistic.measure(folder, min(max(sizes), REALISTIC_AT_MOST), version=options.version)
    with _folder() as folder:
        at_once = list(workers.lines(folder))
    with _folder() as folder:
        shown = list(pages.lines(folder, min(max(sizes), PAGES_AT_MOST)))
    lines = [*realistic.lines(slow), *at_once, *shown, *ratios(found), "", *table(found)]
    lines += [row(f"{slow.size:,}, slow server", name, figures) for name, figures in realistic.rows(slow)]
    print("\n".join(lines))
    if options.keep:
        keep(lines, BEGIN, END)


def _measure_files(objects: int, *, keep_them: bool) -> None:
    with _folder() as folder:
        found = tables.measure(folder, min(objects, ROWS_AT_MOST), objects)
    lines = [*tables.lines(found), "", *table({objects: tables.stages(found)})]
    print("\n".join(lines))
    if keep_them:
        keep(lines, BEGIN_TABLES, END_TABLES)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cgr-bench-") as folder:
        yield Path(folder)


def keep(lines: list[str], begin: str, end: str) -> None:
    """Put figures in their place on the page that tells how they are made."""
    before, _, rest = REPORT.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    machine = f"One machine's ({os.cpu_count()} cores, Python {platform.python_version()})."
    REPORT.write_text("\n".join([before + begin, "", machine, "", *lines, "", end + after]), encoding="utf-8")


if __name__ == "__main__":
    main()
