"""Where a command begins to work with the instance: database, Django, and the actor that the local operator is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.cli.output import tell

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.project.environment import Environment


def open_instance() -> Actor:
    """Make the instance ready and give who acts. Import rooms with tables only after it, inside the command."""
    from cgr.project import wiring  # noqa: PLC0415 - Django loads only for the commands that need it

    wiring.start()
    from cgr.accounts.actors import local_operator  # noqa: PLC0415 - needs Django set up

    return local_operator()


def invite_first_administrator(environment: Environment) -> None:
    """While nobody has an account, print a link by which the first administrator makes theirs."""
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up
    from cgr.accounts.actions.first_administrator import HOURS  # noqa: PLC0415 - as above

    secret = actions.first_administrator_link()
    if secret is not None:
        address = environment.public_url or environment.local_url.rstrip("/")
        tell("Nobody can sign in yet. Make the first administrator's account here, in a browser:")
        tell(f"  {address}/first-administrator/{secret}/")
        tell(f"The link works once, within {HOURS} hours. Or: cgr user add NAME --role system-administrator")
