"""What a check of a configuration finds: which row, what is wrong, what would be right."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Severity(StrEnum):
    """ERROR: what the finding names can't be used. WARNING: it can, and may surprise."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Struct, frozen=True):
    """One thing that is wrong.

    `where` names the row (level and type) and the field, as a person would find it. `partial`: only this part is out of
    use, the rest can run (R4.4: something vanished in DHIS2); an error that isn't partial stops the run.
    """

    severity: Severity
    where: str
    message: str
    next_step: str
    partial: bool = False


def findings_json(findings: Sequence[Finding]) -> dict[str, object]:
    """Give the JSON of `cgr sync check` (contract.md)."""
    return {
        "ok": not any(finding.severity is Severity.ERROR for finding in findings),
        "findings": [
            {
                "severity": finding.severity,
                "where": finding.where,
                "message": finding.message,
                "next_step": finding.next_step,
            }
            for finding in findings
        ],
    }


class Row(Struct, frozen=True):
    """One level of a configuration, from which its findings get their name. `number` counts from 1."""

    number: int
    type: str

    def error(self, part: str, sentence: str, *, next_step: str, partial: bool = False) -> Finding:
        """Find something that can't be used."""
        return self._finding(Severity.ERROR, part, sentence, next_step, partial=partial)

    def warning(self, part: str, sentence: str, *, next_step: str) -> Finding:
        """Find something that works and may surprise."""
        return self._finding(Severity.WARNING, part, sentence, next_step, partial=True)

    def _finding(self, severity: Severity, part: str, sentence: str, next_step: str, *, partial: bool) -> Finding:
        where = f"level {self.number} ({self.type})" + (f", {part}" if part else "")
        start = f"Level {self.number} ({self.type}), {part}" if part else f"Level {self.number} ({self.type})"
        return Finding(severity, where, f"{start}: {sentence}.", next_step, partial)


def listed(names: Iterable[str]) -> str:
    """Write names for a sentence, a long list cut."""
    most = 8
    written = list(names)
    rest = f" and {len(written) - most} more" if len(written) > most else ""
    return (", ".join(written[:most]) or "none") + rest
