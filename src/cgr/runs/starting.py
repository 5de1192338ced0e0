"""Starting a run once although it is asked for twice: a program that heard no answer asks again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from cgr.core.errors import BadInput
from cgr.runs.models import StartedOnce

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run


@transaction.atomic
def start_once(actor: Actor, key: str, *, asked: str, start: Callable[[], Run]) -> Run:
    """Give the run that the actor started with this key before, else start one. An empty key starts one always.

    `asked`: digest of the request; BadInput when the key was used for another one. Two at once wait for each other.
    """
    if not key:
        return start()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cgr.runs.once'), hashtext(%s))", [f"{actor.name} {key}"])
    known = StartedOnce.objects.select_related("run__system").filter(actor=actor.name, key=key).first()
    if known is None:
        run = start()
        StartedOnce.objects.create(actor=actor.name, key=key, asked=asked, run=run)
        return run
    if known.asked != asked:
        raise BadInput(
            f"The key {key} was used for another request already, which started run {known.run_id}.",
            code="key-used",
            next_step="Make a new key for each run; repeat one only with the very same request.",
        )
    return known.run
