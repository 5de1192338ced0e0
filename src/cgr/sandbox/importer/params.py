"""The importer's parameters: an unknown or misspelt value silently means the default (verified fact H14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cgr.sandbox.http import Request
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World

_STRATEGIES: Final = {
    "CREATE_AND_UPDATE": "CREATE_AND_UPDATE", "NEW_AND_UPDATES": "CREATE_AND_UPDATE",
    "CREATE": "CREATE", "NEW": "CREATE", "UPDATE": "UPDATE", "UPDATES": "UPDATE", "DELETE": "DELETE",
    "DELETES": "DELETE",
}  # fmt: skip
_REPORT_MODES: Final = ("ERRORS", "FULL", "DEBUG", "ERRORS_NOT_OWNER")


@dataclass(slots=True, frozen=True)
class ImportParams:
    """What one import was asked to do."""

    validate_only: bool = False
    identifier: str = "UID"
    report_mode: str = "ERRORS"
    strategy: str = "CREATE_AND_UPDATE"
    atomic: bool = True
    merge: bool = False
    flush_mode: str = "AUTO"
    preheat_mode: str = "REFERENCE"
    skip_sharing: bool = False
    skip_translation: bool = False
    skip_validation: bool = False
    run_async: bool = False

    @property
    def creates(self) -> bool:
        """Whether objects that don't exist are made."""
        return self.strategy in {"CREATE", "CREATE_AND_UPDATE"}

    def shown(self, world: World, user: User) -> dict[str, object]:
        """Give what the bare report of old versions says about its parameters."""
        shown: dict[str, object] = {
            "userOverrideMode": "NONE",
            "importMode": "VALIDATE" if self.validate_only else "COMMIT",
            "identifier": self.identifier,
            "preheatMode": self.preheat_mode,
            "importStrategy": self.strategy,
            "atomicMode": "ALL" if self.atomic else "NONE",
            "mergeMode": "MERGE" if self.merge else "REPLACE",
            "flushMode": self.flush_mode,
            "skipSharing": self.skip_sharing,
            "skipTranslation": self.skip_translation,
            "skipValidation": self.skip_validation,
            "metadataSyncImport": False,
        }
        if world.version >= (2, 33):
            shown["firstRowIsHeader"] = True
        return shown | {"username": user.username}


def read_params(world: World, request: Request) -> ImportParams:
    """Read the parameters of a request."""

    def chosen(name: str, *values: str) -> str:
        value = request.first(name)
        return value if value in values else values[0]

    modes = _REPORT_MODES if world.version >= (2, 37) else _REPORT_MODES[:3]
    superuser = request.actor.is_superuser
    return ImportParams(
        validate_only=chosen("importMode", "COMMIT", "VALIDATE") == "VALIDATE",
        identifier=chosen("identifier", "UID", "CODE", "AUTO"),
        report_mode=chosen("importReportMode", *modes),
        strategy=_STRATEGIES.get(request.first("importStrategy"), "CREATE_AND_UPDATE"),
        atomic=chosen("atomicMode", "ALL", "NONE") == "ALL",
        merge=world.version < (2, 41) and chosen("mergeMode", "REPLACE", "MERGE") == "MERGE",
        flush_mode=chosen("flushMode", "AUTO", "OBJECT"),
        preheat_mode=chosen("preheatMode", "REFERENCE", "ALL", "NONE"),
        skip_sharing=request.first("skipSharing") == "true",
        skip_translation=request.first("skipTranslation") == "true",
        skip_validation=superuser and request.first("skipValidation") == "true",
        run_async=request.first("async") == "true",
    )
