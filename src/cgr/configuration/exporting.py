"""Write the configuration as the file that `apply` reads, in a stable order; applying it again changes nothing.

Secrets are left out: a registered system keeps its own when the file names none, and a new one asks for a reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cgr.accounts import queries as accounts
from cgr.configuration.yaml_writing import written
from cgr.core.localized import DEFAULT
from cgr.registry import queries as registry
from cgr.sync import configs
from cgr.systems import queries as systems

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor

_WITHOUT = """\
# Secrets are never exported. Applied where a system is registered, the file leaves its secret as it is; for a new one
# add to `auth` either `password: {env: NAME}` or `password: {file: PATH}` (`token:` for a personal access token,
# `client_secret:` for OAuth2), and to a webhook likewise `secret:`.
"""
_WITH = """\
# Secrets are never exported. Where one is kept, the file names an environment variable: set it before you apply this.
"""


def export(actor: Actor, *, references: bool = False) -> str:
    """Give everything that the actor may see of the configuration, as YAML.

    `references`: with a variable for each secret, so that it can be applied where the systems aren't registered yet.
    """
    return (_WITH if references else _WITHOUT) + written(document_of(actor, references=references))


def document_of(actor: Actor, *, references: bool = False) -> dict[str, object]:
    """Give the same as plain values, in the shape of the file."""
    reference = _Variables().reference if references else None
    document = {
        "version": 1,
        "organizations": [{"code": row.code, "label": row.label} for row in accounts.organizations(actor)],
        "terms": registry.export_term_trees(actor),
        "types": registry.export_types(actor),
        "hierarchies": registry.export_hierarchies(actor),
        "systems": systems.export(actor, reference=reference),
        "syncs": configs.export(actor, reference=reference),
    }
    return {name: _main_language_first(content) for name, content in document.items() if content}


def _main_language_first(value: object) -> object:
    """Give it with the main text of each label before its translations; the database keeps no order."""
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda pair: pair[0] != DEFAULT)
        return {name: _main_language_first(one) for name, one in ordered}
    return [_main_language_first(one) for one in value] if isinstance(value, list | tuple) else value


class _Variables:
    """Names for secrets that nobody has to think up, and that are never the same for two."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[str, str]] = {}

    def reference(self, code: str, secret: str) -> dict[str, str]:
        """Give the reference to a secret: `hmis` and `password` make HMIS_PASSWORD."""
        plain = re.sub(r"\W", "_", f"{code}_{secret}", flags=re.ASCII).upper()
        name = f"_{plain}" if plain[0].isdigit() else plain
        while self._given.setdefault(name, (code, secret)) != (code, secret):
            name += "_"
        return {"env": name}
