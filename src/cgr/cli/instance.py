"""Where a command begins to work with the instance: database, Django, and the actor that the local operator is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


def open_instance() -> Actor:
    """Make the instance ready and give who acts. Import rooms with tables only after it, inside the command."""
    from cgr.project import wiring  # noqa: PLC0415 - Django loads only for the commands that need it

    wiring.start()
    from cgr.accounts.actors import local_operator  # noqa: PLC0415 - needs Django set up

    return local_operator()
