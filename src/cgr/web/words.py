"""Words and signs of the domain in the reader's language; a sign and a word stand beside every colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from cgr.core.localized import pick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

    from cgr.core.records import Localized
    from cgr.runs.models import Run

RUN_STATES: Final[dict[str, tuple[str, _StrPromise]]] = {
    "new": ("○", pgettext_lazy("state of a run", "new")),
    "queued": ("◔", pgettext_lazy("state of a run", "queued")),
    "running": ("▶", pgettext_lazy("state of a run", "running")),
    "success": ("✓", pgettext_lazy("state of a run", "success")),
    "warning": ("!", pgettext_lazy("state of a run", "warning")),
    "failure": ("✗", pgettext_lazy("state of a run", "failure")),
    "cancelled": ("⊘", pgettext_lazy("state of a run", "cancelled")),
}

RUN_KINDS: Final[dict[str, _StrPromise]] = {
    "sync": gettext_lazy("Synchronization"),
    "import": gettext_lazy("Import"),
    "drift": gettext_lazy("Look for drift"),
}

ATTRIBUTE_KINDS: Final[dict[str, _StrPromise]] = {
    "text": pgettext_lazy("kind of attribute", "Text"),
    "localized_text": pgettext_lazy("kind of attribute", "Text in several languages"),
    "boolean": pgettext_lazy("kind of attribute", "Yes or no"),
    "date": pgettext_lazy("kind of attribute", "Date"),
    "integer": pgettext_lazy("kind of attribute", "Integer"),
    "decimal": pgettext_lazy("kind of attribute", "Decimal"),
    "term": pgettext_lazy("kind of attribute", "Term"),
}

UNIT_FIELDS: Final[dict[str, _StrPromise]] = {
    "name": gettext_lazy("Name"),
    "shortName": gettext_lazy("Short name"),
    "code": gettext_lazy("Code"),
    "openingDate": gettext_lazy("Opening date"),
    "closedDate": gettext_lazy("Closed date"),
    "description": gettext_lazy("Description"),
    "comment": gettext_lazy("Comment"),
    "url": gettext_lazy("Web address"),
    "contactPerson": gettext_lazy("Contact person"),
    "address": gettext_lazy("Address"),
    "email": gettext_lazy("E-mail"),
    "phoneNumber": gettext_lazy("Phone number"),
}
"""What DHIS2 keeps of an organisation unit beside its place and its geometry."""

ROLES: Final[dict[str, _StrPromise]] = {
    "system-administrator": gettext_lazy("System Administrator"),
    "registry-administrator": gettext_lazy("Registry Administrator"),
    "registry-maintainer": gettext_lazy("Registry Maintainer"),
    "registry-contributor": gettext_lazy("Registry Contributor"),
    "api-consumer": gettext_lazy("API Consumer"),
}

SCOPES: Final[dict[str, _StrPromise]] = {
    "read": gettext_lazy("read: see what you may see, except people and the audit log"),
    "write": gettext_lazy("write: also change Geo-Objects, types, systems and configurations"),
    "sync": gettext_lazy("sync: also start and stop runs (an import needs write, too)"),
    "admin": gettext_lazy("admin: also manage people and organizations, and see the audit log"),
}

COUNTS: Final[dict[str, _StrPromise]] = {
    "create": gettext_lazy("+ new"),
    "new": gettext_lazy("+ new"),
    "update": gettext_lazy("~ changed"),
    "changed": gettext_lazy("~ changed"),
    "move": gettext_lazy("→ moved"),
    "group": gettext_lazy("groups"),
    "unchanged": gettext_lazy("= same"),
    "problem": gettext_lazy("! problems"),
    "conflict": gettext_lazy("! conflicts"),
    "vanished": gettext_lazy("vanished"),
    "not_selected": gettext_lazy("not selected"),
    "agreed": gettext_lazy("agreed on"),
    "deleted": gettext_lazy("! deleted there"),
}
"""In the order in which pages show them."""


def counts_in_words(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Give the counts of a run that aren't zero, always in the same order."""
    known = [name for name in COUNTS if counts.get(name)]
    others = [name for name, number in counts.items() if number and name not in COUNTS]
    return [(str(COUNTS.get(name, name)), counts[name]) for name in known + others]


AUDIT_ACTIONS: Final[dict[str, _StrPromise]] = {
    "accept": pgettext_lazy("audit log", "accept"),
    "answer": pgettext_lazy("audit log", "answer"),
    "apply": pgettext_lazy("audit log", "apply"),
    "authorize": pgettext_lazy("audit log", "authorize"),
    "cancel": pgettext_lazy("audit log", "cancel"),
    "change": pgettext_lazy("audit log", "change"),
    "confirm": pgettext_lazy("audit log", "confirm"),
    "create": pgettext_lazy("audit log", "create"),
    "delete": pgettext_lazy("audit log", "delete"),
    "end": pgettext_lazy("audit log", "end"),
    "fail to sign in": pgettext_lazy("audit log", "fail to sign in"),
    "forget": pgettext_lazy("audit log", "forget"),
    "import": pgettext_lazy("audit log", "import"),
    "link": pgettext_lazy("audit log", "link"),
    "plan": pgettext_lazy("audit log", "plan"),
    "propose": pgettext_lazy("audit log", "propose"),
    "queue": pgettext_lazy("audit log", "queue"),
    "reject": pgettext_lazy("audit log", "reject"),
    "release": pgettext_lazy("audit log", "release"),
    "remove second factor": pgettext_lazy("audit log", "remove second factor"),
    "reserve": pgettext_lazy("audit log", "reserve"),
    "resume": pgettext_lazy("audit log", "resume"),
    "rotate": pgettext_lazy("audit log", "rotate"),
    "schedule": pgettext_lazy("audit log", "schedule"),
    "set password": pgettext_lazy("audit log", "set password"),
    "sign in": pgettext_lazy("audit log", "sign in"),
    "sign out": pgettext_lazy("audit log", "sign out"),
    "unlink": pgettext_lazy("audit log", "unlink"),
    "withdraw": pgettext_lazy("audit log", "withdraw"),
    "add second factor": pgettext_lazy("audit log", "add second factor"),
    "renew second factor": pgettext_lazy("audit log", "renew second factor"),
}

AUDIT_KINDS: Final[dict[str, _StrPromise]] = {
    "evidence": pgettext_lazy("audit log", "evidence"),
    "external-ids": pgettext_lazy("audit log", "external ids"),
    "geo-object": pgettext_lazy("audit log", "Geo-Object"),
    "geo-objects": pgettext_lazy("audit log", "Geo-Objects"),
    "hierarchy": pgettext_lazy("audit log", "hierarchy"),
    "import item": pgettext_lazy("audit log", "answer to a problem of an import"),
    "import run": pgettext_lazy("audit log", "run of an import"),
    "linked account": pgettext_lazy("audit log", "linked account"),
    "mapping-template": pgettext_lazy("audit log", "mapping of columns"),
    "membership": pgettext_lazy("audit log", "role"),
    "organization": pgettext_lazy("audit log", "organization"),
    "person": pgettext_lazy("audit log", "person"),
    "proposal": pgettext_lazy("audit log", "proposal"),
    "secrets": pgettext_lazy("audit log", "secrets"),
    "session": pgettext_lazy("audit log", "session"),
    "sync": pgettext_lazy("audit log", "synchronization"),
    "sync run": pgettext_lazy("audit log", "run of a synchronization"),
    "system": pgettext_lazy("audit log", "external system"),
    "term-tree": pgettext_lazy("audit log", "tree of terms"),
    "token": pgettext_lazy("audit log", "token"),
    "type": pgettext_lazy("audit log", "type"),
    "upload": pgettext_lazy("audit log", "uploaded file"),
    "user": pgettext_lazy("audit log", "account"),
}
"""What was changed, as the log calls it."""


def other_side(run: Run) -> str:
    """Give what a run reads or writes beside the registry: the label of an external system, or the name of a file."""
    if run.is_of_file or run.system is None:
        return run.file
    return in_reader_language(run.system.label) or run.system.code


def in_reader_language(label: Localized) -> str:
    """Give the text that fits the language of the page best."""
    return pick(label, get_language() or "default") or ""


def in_reader_digits(number: str) -> str:
    """Write a number, given as English does, as the language of the page does: 1,204.5 is 1 204,5 in French."""
    return number.replace(",", "\u202f").replace(".", ",") if get_language() == "fr" else number
