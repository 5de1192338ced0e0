"""Import reports: counts and findings gathered per class, written in the shape of each version (R1 to R7, O1, O2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox.catalogue import USER_ROLE
from cgr.sandbox.http import Response, json_response
from cgr.sandbox.messages import web_message

if TYPE_CHECKING:
    from cgr.sandbox.catalogue import Klass, Version
    from cgr.sandbox.importer.errors import Finding
    from cgr.sandbox.importer.params import ImportParams
    from cgr.sandbox.importer.reading import Incoming
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World

# Errors whose object reports carry no uid: E1106 always, the others up to 2.32 (verified fact R5).
_NAMELESS: Final = {"E4009", "E4011", "E5002", "E5003", "E5004"}


def failure_text(version: Version) -> str:
    """Give the one sentence for a report with errors; "more more" is theirs, up to 2.35."""
    how_many = "One or more" if version >= (2, 36) else "One more more"
    return f"{how_many} errors occurred, please see full details in import report."


@dataclass(slots=True)
class ObjectReport:
    """The findings of one object."""

    index: int
    uid: str | None
    name: object
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class Stats:
    """How many objects were created, updated, deleted, ignored."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    ignored: int = 0

    def shown(self) -> dict[str, int]:
        """Give the counts with their total."""
        total = self.created + self.updated + self.deleted + self.ignored
        return {
            "created": self.created,
            "updated": self.updated,
            "deleted": self.deleted,
            "ignored": self.ignored,
            "total": total,
        }

    def add(self, other: Stats) -> None:
        """Add the counts of another."""
        self.created += other.created
        self.updated += other.updated
        self.deleted += other.deleted
        self.ignored += other.ignored


@dataclass(slots=True)
class TypeReport:
    """Everything about the objects of one class."""

    klass: Klass
    version: Version
    stats: Stats = field(default_factory=Stats)
    objects: dict[int, ObjectReport] = field(default_factory=dict)
    blamed: int = 0

    def find(self, incoming: Incoming, finding: Finding, index: int) -> None:
        """Add a finding of an object under an index; objects that share an index share a report (O2)."""
        report = self.objects.get(index)
        if report is None:
            nameless = finding.code == "E1106" or (self.version < (2, 33) and finding.code in _NAMELESS)
            report = ObjectReport(index, None if nameless else incoming.uid, incoming.name or incoming.uid)
            self.objects[index] = report
        report.findings.append(finding)

    def written(self, incoming: Incoming, index: int) -> None:
        """Mention an object that was written."""
        self.objects.setdefault(index, ObjectReport(index, incoming.uid, incoming.name or incoming.uid))

    @property
    def has_findings(self) -> bool:
        """Whether any object of the class has one."""
        return any(report.findings for report in self.objects.values())


@dataclass(slots=True)
class ImportReport:
    """The result of one import."""

    world: World
    user: User
    params: ImportParams
    types: list[TypeReport] = field(default_factory=list)

    @property
    def status(self) -> str:
        """OK, or ERROR under atomicMode ALL, WARNING under NONE; failed deletions warn."""
        if not any(report.has_findings for report in self.types):
            return "OK"
        if self.params.strategy == "DELETE" and any(self._only_kept_back(report) for report in self.types):
            return "WARNING"
        return "ERROR" if self.params.atomic else "WARNING"

    def _only_kept_back(self, report: TypeReport) -> bool:
        return any(finding.code == "E4030" for one in report.objects.values() for finding in one.findings)

    def stats(self) -> Stats:
        """Give the counts over all classes."""
        total = Stats()
        for report in self.types:
            total.add(report.stats)
        return total

    def bare(self) -> dict[str, Any]:
        """Give the report without envelope, as summaries of asynchronous imports have it in all versions."""
        shown: dict[str, Any] = {"status": self.status, "stats": self.stats().shown()}
        shown["typeReports"] = [self._type(report) for report in self.types]
        return self._without_empty(shown)

    def response(self, api_version: int | None = None) -> Response:
        """Give the reply of `/api/metadata` in the shape of the version."""
        version = self.world.version
        asked_old = api_version is not None and api_version < 38 and version < (2, 42)  # noqa: PLR2004 - API 38
        if (version < (2, 38) and not (version >= (2, 37) and api_version == 38)) or asked_old:  # noqa: PLR2004 - API 38
            return json_response({"importParams": self.params.shown(self.world, self.user)} | self.bare())
        inner = {"responseType": "ImportReport"} | self.bare()
        if self.status == "OK":
            return web_message(200, response=inner)
        return web_message(409, failure_text(version), status="WARNING", response=inner)

    def _type(self, report: TypeReport) -> dict[str, Any]:
        return self._without_empty(
            {
                "klass": self._java_name(report.klass),
                "stats": report.stats.shown(),
                "objectReports": [
                    self.object_shown(report.klass, one)
                    for one in sorted(report.objects.values(), key=lambda one: one.index)
                    if one.findings or self.params.report_mode != "ERRORS"
                ],
            }
        )

    def object_shown(self, klass: Klass, report: ObjectReport) -> dict[str, Any]:
        """Give one object report."""
        shown: dict[str, Any] = {"klass": self._java_name(klass), "index": report.index}
        if report.uid is not None:
            shown["uid"] = report.uid
        if self._shows_names(report):
            shown["displayName"] = report.name
        shown["errorReports"] = [finding.shown(self.world.version) for finding in report.findings]
        return self._without_empty(shown)

    def _java_name(self, klass: Klass) -> str:
        """Give the class; roles had another name up to 2.37."""
        if klass is USER_ROLE and self.world.version < (2, 38):
            return "org.hisp.dhis.user.UserAuthorityGroup"
        return klass.java_name

    def _shows_names(self, report: ObjectReport) -> bool:
        if self.params.report_mode == "DEBUG":
            return True
        if not self.params.validate_only or not report.findings or report.findings[0].code == "E1106":
            return False
        # Up to 2.38 reference errors made their own object reports, which had no name to show.
        return self.world.version >= (2, 39) or report.findings[0].code != "E5002"

    def _without_empty(self, shown: dict[str, Any]) -> dict[str, Any]:
        if self.world.version >= (2, 35):
            return shown
        return {name: value for name, value in shown.items() if value != []}
