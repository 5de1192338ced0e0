"""Words and signs of the domain in the reader's language; a sign and a word stand beside every colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from cgr.core.localized import pick

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from cgr.core.records import Localized

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
}

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
}


def in_reader_language(label: Localized) -> str:
    """Give the text that fits the language of the page best."""
    return pick(label, get_language() or "default") or ""
