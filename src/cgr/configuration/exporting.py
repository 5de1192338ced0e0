"""Write the configuration as the file that `apply` reads, in a stable order; applying it again changes nothing.

Secrets are left out: a registered system keeps its own when the file names none, and a new one asks for a reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from cgr.accounts import queries as accounts
from cgr.configuration.yaml_reading import add_scalars
from cgr.registry import queries as registry
from cgr.sync import configs
from cgr.systems import queries as systems

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor

_HEAD = """\
# Secrets are never exported. Applied where a system is registered, the file leaves its secret as it is; for a new one
# add to `auth` either `password: {env: NAME}` or `password: {file: PATH}` (`token:` for a personal access token,
# `client_secret:` for OAuth2), and to a webhook likewise `secret:`.
"""
_WIDTH = 120


def export(actor: Actor) -> str:
    """Give everything that the actor may see of the configuration, as YAML."""
    return _HEAD + yaml.dump(document_of(actor), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def document_of(actor: Actor) -> dict[str, object]:
    """Give the same as plain values, in the shape of the file."""
    document = {
        "version": 1,
        "organizations": [{"code": row.code, "label": row.label} for row in accounts.organizations(actor)],
        "terms": registry.export_term_trees(actor),
        "types": registry.export_types(actor),
        "hierarchies": registry.export_hierarchies(actor),
        "systems": systems.export(actor),
        "syncs": configs.export(actor),
    }
    return {name: content for name, content in document.items() if content}


class _Dumper(yaml.SafeDumper):
    """Writes equal values out each time: an alias would tie two entries together that only happen to be equal."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature PyYAML calls
        """Never make an alias."""
        return True


# The dumper quotes by YAML 1.1; what only the reader's 1.2 takes for a number (1e3) needs quotes too.
add_scalars(_Dumper)
