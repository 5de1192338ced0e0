"""One measured stage in a process of its own: `stage.py NAME` prints seconds, CPU seconds, peak memory and a count."""

from __future__ import annotations

import io
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

_KIBIBYTES_PER_MEBIBYTE = 1024


def read(actor: Any) -> int:  # noqa: ANN401 - an actor; Django isn't set up when this file loads
    """Read what an import reads and drop it: the sandbox's share, which is largest when it encodes units first."""
    from cgr.systems.connection import open_client  # noqa: PLC0415 - needs Django set up
    from cgr.systems.queries import system  # noqa: PLC0415 - as above

    fields = ("code", "name", "openingDate", "closedDate", "geometry", "translations")
    with open_client(system(actor, "hmis")) as client:
        return sum(len(page) for page in client.stream_units(fields))


def import_units(actor: Any) -> int:  # noqa: ANN401 - an actor; Django isn't set up when this file loads
    """Import the whole DHIS2."""
    from cgr.imports.actions import Request, import_units  # noqa: PLC0415 - needs Django set up

    levels = {1: "country", 2: "region", 3: "district", 4: "facility"}
    result = import_units(actor, Request("hmis", "admin", levels))
    if result.problems:
        message = f"the import left units out: {result.problems[0].message}"
        raise SystemExit(message)
    return result.counts["new"]


def import_mapped(actor: Any) -> int:  # noqa: ANN401 - as above
    """Import the whole DHIS2 with every attribute of a facility."""
    from country import PLAIN, TERMS, attribute_id  # noqa: PLC0415 - this stage alone needs it

    from cgr.core.importing import ImportMapping  # noqa: PLC0415 - needs Django set up
    from cgr.imports.actions import Request, import_units  # noqa: PLC0415 - as above

    attributes: list[dict[str, Any]] = [{"from": attribute_id(code), "to": code} for code in PLAIN]
    for code, (_, terms) in TERMS.items():
        options = {str(place): term for place, term in enumerate(terms)}
        attributes.append({"from": attribute_id(code), "to": code, "terms": options})
    mapping = msgspec.convert({"attributes": attributes}, ImportMapping)
    levels = {1: "country", 2: "region", 3: "district", 4: "facility"}
    return import_units(actor, Request("hmis", "admin", levels, mapping=mapping)).counts["new"]


def plan(actor: Any) -> int:  # noqa: ANN401 - as above
    """Plan; the count is that of the units read."""
    from cgr.sync import actions  # noqa: PLC0415 - as above

    run = actions.plan(actor, "all")
    return int(run.summary["dhis2"]["units"])


def plan_mapped(actor: Any) -> int:  # noqa: ANN401 - as above
    """Plan with every attribute, option set and group; both sides agree, else something else would be measured."""
    from cgr.sync import actions  # noqa: PLC0415 - as above

    run = actions.plan(actor, "mapped")
    counts = run.summary["counts"]
    if counts["unchanged"] != run.summary["dhis2"]["units"] or run.summary["findings"]:
        message = f"the two sides don't agree: {counts} {run.summary['findings']}"
        raise SystemExit(message)
    return int(run.summary["dhis2"]["units"])


def apply(actor: Any) -> int:  # noqa: ANN401 - as above
    """Apply the plan made last; the count is that of the units written."""
    from cgr.runs.queries import runs  # noqa: PLC0415 - as above
    from cgr.sync import actions  # noqa: PLC0415 - as above

    run = runs(actor, config="all").filter(state="new").first()
    if run is None:
        message = "there is no plan to apply"
        raise SystemExit(message)
    consents = [guard["code"] for guard in run.summary["guards"]]
    done = actions.apply(actor, run, digest=run.digest, consents=consents, why="benchmark")
    if done.state != "success":
        message = f"the run ended as {done.state}"
        raise SystemExit(message)
    return int(run.summary["counts"]["update"])


def change(actor: Any) -> int:  # noqa: ANN401 - as above
    """Load the objects file given as second argument."""
    from cgr.registry.actions import apply_objects  # noqa: PLC0415 - as above

    with Path(sys.argv[2]).open("rb") as lines:
        applied = apply_objects(actor, lines, preview=False)
    return applied.changed + applied.created


def preview_file(actor: Any) -> int:  # noqa: ANN401 - as above
    """Preview the import of a table's rows as facilities."""
    return _from_file(actor, preview=True)


def import_file(actor: Any) -> int:  # noqa: ANN401 - as above
    """Import them."""
    return _from_file(actor, preview=False)


def _from_file(actor: Any, *, preview: bool) -> int:  # noqa: ANN401 - as above
    from cgr.configuration.yaml_reading import read_yaml  # noqa: PLC0415 - as above
    from cgr.core.rows import parse_row_mapping  # noqa: PLC0415 - as above
    from cgr.imports.files import FileRequest, import_file  # noqa: PLC0415 - as above

    path, mapping = map(Path, sys.argv[2:4])
    asked = parse_row_mapping(read_yaml(mapping.read_bytes()).value, origin=mapping.name)
    result = import_file(actor, path, FileRequest(path.name, "facility", asked), preview=preview)
    if result.problems:
        message = f"rows were left out: {result.problems[0].message}"
        raise SystemExit(message)
    return sum(result.counts.values())


class _Begun(Exception):
    """The first bytes of an export came."""


class _Sink(io.RawIOBase):
    """Takes an export and drops it; `only_first`: stops it at its first bytes."""

    def __init__(self, *, only_first: bool) -> None:
        super().__init__()
        self._only_first = only_first

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:  # noqa: ANN401 - bytes of any kind
        if self._only_first:
            raise _Begun
        return len(content)


def export(actor: Any) -> int:  # noqa: ANN401 - as above
    """Export every object in the form given as second argument."""
    return _exported(actor, _Sink(only_first=False))


def export_first(actor: Any) -> int:  # noqa: ANN401 - as above
    """Begin such an export and leave it when its first bytes come; the count is 1."""
    with suppress(_Begun):
        _exported(actor, _Sink(only_first=True))
    return 1


def _exported(actor: Any, sink: _Sink) -> int:  # noqa: ANN401 - as above
    from cgr.cli.objects import write_objects  # noqa: PLC0415 - as above
    from cgr.registry.models import GeoObject  # noqa: PLC0415 - as above

    write_objects(actor, sink, form=sys.argv[2])
    return GeoObject.objects.count()


def _peak_kib() -> int:
    """Give the most memory this process held; `ru_maxrss` would be that of the process it comes from, if larger."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


STAGES: dict[str, Callable[[Any], int]] = {
    "read": read,
    "import": import_units,
    "import-mapped": import_mapped,
    "plan": plan,
    "plan-mapped": plan_mapped,
    "change": change,
    "apply": apply,
    "preview-file": preview_file,
    "import-file": import_file,
    "export": export,
    "export-first": export_first,
}


def main() -> None:
    """Measure from before the work to its end; starting Python and Django isn't counted."""
    from cgr.project import wiring  # noqa: PLC0415 - reads the environment

    wiring.start()
    from cgr.accounts.actors import local_operator  # noqa: PLC0415 - needs Django set up

    # What a long-lived process has loaded isn't counted either.
    from cgr.cli import objects as _objects  # noqa: F401, PLC0415 - needs Django set up
    from cgr.imports import files as _files  # noqa: F401, PLC0415 - as above
    from cgr.sync import actions as _sync  # noqa: F401, PLC0415 - as above

    actor = local_operator()
    began, cpu = time.monotonic(), time.process_time()
    count = STAGES[sys.argv[1]](actor)
    figures = {
        "count": count,
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": _peak_kib() / _KIBIBYTES_PER_MEBIBYTE,
    }
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


if __name__ == "__main__":
    main()
