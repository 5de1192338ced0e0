"""`make bench`: import, plan, change, apply at several sizes, beside a bare loop that posts the same payloads.

The DHIS2 is the sandbox in a process of its own. Ratios within one run are what counts; seconds are this machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
from country import configuration, metadata, renamed, units

from cgr.embedded_postgres import ensure_running

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
REPORT = HERE.parent / "docs" / "reference" / "performance.md"
SHARE_CHANGED = 10
UNITS_PER_POST = 1_000
UNITS_OF_TARGET = 10_000
MAPPED_AT_MOST = 100_000
ROUNDS = 3
PLAIN_PLAN = "plan, attributes not mapped"
MAPPED_PLAN = "plan, 10 attributes, 2 option sets, 3 groups"


@dataclass(frozen=True)
class Figures:
    """What one stage cost."""

    count: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.count / self.seconds


def _seconds(figures: Figures) -> float:
    return figures.seconds


class Bench:
    """One size: a sandbox, an empty registry, the stages one after the other."""

    def __init__(self, folder: Path, size: int, *, mapped: bool = False) -> None:
        """Write the files of the country; `mapped`: with attributes, option sets and groups."""
        self.folder = folder
        self.size = size
        self.content = folder / "country.json"
        content = {"version": "2.42", "metadata": metadata(size, mapped=mapped)}
        self.content.write_bytes(msgspec.json.encode(content))
        self.news = folder / "news.ndjson"
        with self.news.open("wb") as file:
            for line in renamed(size, SHARE_CHANGED):
                file.write(msgspec.json.encode(line) + b"\n")
        self.environment = {
            **os.environ,
            "CGR_DATA_DIR": str(folder / "data"),
            "BENCHMARK_PASSWORD": "district",
        }

    @contextmanager
    def sandbox(self) -> Iterator[str]:
        """Serve the country from another process and give its address."""
        command = [sys.executable, "-m", "cgr.sandbox", "--port", "0", "--version", "2.42", "--load", str(self.content)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own sandbox
            line = process.stdout.readline() if process.stdout else ""
            try:
                yield next(word for word in line.split() if word.startswith("http"))
            finally:
                process.terminate()

    def configure(self, url: str) -> None:
        """Set the registry up."""
        path = self.folder / "configuration.yaml"
        path.write_text(configuration(url))
        cgr = Path(sys.executable).with_name("cgr")
        subprocess.run([cgr, "config", "apply", path, "--json"], env=self.environment, check=True, capture_output=True)  # noqa: S603 - our own command

    def stage(self, *arguments: str) -> Figures:
        """Run one stage in a process of its own."""
        command = [sys.executable, str(HERE / "stage.py"), *arguments]
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)  # noqa: S603 - as above
        return Figures(**json.loads(done.stdout.splitlines()[-1]))

    def bare_loop(self, url: str) -> Figures:
        """Post as many changed units in batches, with nothing around: the floor of any synchronisation."""
        changed = {line["code"] for line in renamed(self.size, SHARE_CHANGED)}
        payloads = [{**unit, "name": f"{unit['name']} bare"} for unit in units(self.size) if unit["code"] in changed]
        began, cpu = time.monotonic(), time.process_time()
        with httpx2.Client(auth=("admin", "district"), timeout=600) as client:
            for start in range(0, len(payloads), UNITS_PER_POST):
                reply = client.post(
                    f"{url}/api/metadata?importStrategy=UPDATE&atomicMode=ALL",
                    content=msgspec.json.encode({"organisationUnits": payloads[start : start + UNITS_PER_POST]}),
                    headers={"content-type": "application/json"},
                )
                reply.raise_for_status()
        return Figures(len(payloads), time.monotonic() - began, time.process_time() - cpu, 0)

    def run(self) -> dict[str, Figures]:
        """Give the figures of every stage."""
        with ensure_running(Path(self.environment["CGR_DATA_DIR"])), self.sandbox() as url:
            self.configure(url)
            found = {
                "read, the sandbox encodes": self.stage("read"),
                "read": self.stage("read"),
                "import": self.stage("import"),
                "plan, nothing to do": self.stage("plan"),
            }
            bare = self.bare_loop(url)
            self.restore(url)
            self.stage("change", str(self.news))
            found["plan, one in ten changed"] = self.stage("plan")
            found["apply"] = self.stage("apply")
            found["bare loop"] = bare
        return found

    def run_mapped(self) -> dict[str, Figures]:
        """Give the figures of planning without and with everything a level can map, on the same content."""
        with ensure_running(Path(self.environment["CGR_DATA_DIR"])), self.sandbox() as url:
            self.configure(url)
            self.stage("import-mapped")
            plain, mapped = zip(*((self.stage("plan"), self.stage("plan-mapped")) for _ in range(ROUNDS)), strict=True)
        return {PLAIN_PLAN: min(plain, key=_seconds), MAPPED_PLAN: min(mapped, key=_seconds)}

    def restore(self, url: str) -> None:
        """Undo what the bare loop wrote."""
        changed = {line["code"] for line in renamed(self.size, SHARE_CHANGED)}
        before = [unit for unit in units(self.size) if unit["code"] in changed]
        with httpx2.Client(auth=("admin", "district"), timeout=600) as client:
            for start in range(0, len(before), UNITS_PER_POST):
                body: dict[str, Any] = {"organisationUnits": before[start : start + UNITS_PER_POST]}
                client.post(f"{url}/api/metadata?importStrategy=UPDATE", json=body).raise_for_status()


def table(found: dict[int, dict[str, Figures]]) -> Iterator[str]:
    """Give the results as a table in Markdown."""
    yield "| units | stage | units handled | units/s | CPU s per 10,000 | peak memory, MiB |"
    yield "|---:|---|---:|---:|---:|---:|"
    for size, stages in found.items():
        for name, figures in stages.items():
            cpu = figures.cpu_seconds * UNITS_OF_TARGET / figures.count
            memory = f"{figures.peak_mib:,.0f}" if figures.peak_mib else "–"
            yield f"| {size:,} | {name} | {figures.count:,} | {figures.rate:,.0f} | {cpu:.2f} | {memory} |"


def ratios(found: dict[int, dict[str, Figures]]) -> Iterator[str]:
    """Give what may be compared between machines."""
    for size, stages in found.items():
        share = stages["bare loop"].seconds / stages["bare loop"].count
        ours = stages["apply"].seconds / stages["apply"].count
        yield f"- {size:,} units: apply takes {ours / share:.2f}× the bare loop per unit (sandbox without latency)"
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
    options = parser.parse_args()
    found: dict[int, dict[str, Figures]] = {}
    for size in (int(text) for text in options.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="cgr-bench-") as folder:
            found[size] = Bench(Path(folder), size).run()
        if size <= MAPPED_AT_MOST:
            with tempfile.TemporaryDirectory(prefix="cgr-bench-") as folder:
                found[size] |= Bench(Path(folder), size, mapped=True).run_mapped()
    lines = [*table(found), "", *ratios(found)]
    print("\n".join(lines))
    if options.keep:
        REPORT.write_text("\n".join(_page(lines)) + "\n", encoding="utf-8")


def _page(lines: list[str]) -> Iterator[str]:
    yield "# Performance"
    yield ""
    yield "Made by `make bench`, against the sandbox in a process of its own on the same machine. Compare ratios, and"
    yield f"rows of one run; figures are one machine's ({os.cpu_count()} cores, Python {platform.python_version()})."
    yield ""
    yield from lines


if __name__ == "__main__":
    main()
