"""What all runs have in common that a worker goes on with: the right to write, signs of life, an end in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError

from cgr.accounts.actors import actor_named
from cgr.audit.origin import originating
from cgr.core.errors import BadInput, CgrError
from cgr.jobs import HandedBack
from cgr.runs import actions as runs
from cgr.runs.interrupting import Cancelled
from cgr.runs.models import Run
from cgr.runs.ownership import SystemBusy, sole_writer
from cgr.runs.progress import recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor
    from cgr.runs.progress import Recorder

_MOST_DELIVERIES = 10
"""A run that so many workers died of would be the death of the next one, too."""


def continue_run(run_id: int, go_on: Callable[[Actor, Run, Recorder], None]) -> Run:
    """Bring a run as far as it goes, and give it; harmless for one that is at its end.

    Raises `SystemBusy` and `HandedBack`, after which it is to be delivered again, as after an error of the database. A
    run that has to stop says so itself (state failure), and there is nothing to repeat.
    """
    run = Run.objects.select_related("system", "organization").get(pk=run_id)
    with sole_writer(run.system), recording(run) as recorder:
        if not runs.take_up(run):
            return run
        try:
            _stop_at_what_kills(run)
            with originating("run", str(run.pk)):
                go_on(actor_named(run.actor), run, recorder)
        except HandedBack:
            runs.hand_back(run)
            raise
        except Cancelled:
            runs.leave_cancelled(run, requests=0)
        except (SystemBusy, OperationalError, InterfaceError):
            raise
        except CgrError as error:
            runs.fail(run, error, requests=0)
        except Exception as error:
            runs.fail(run, _unexpected(run, error), requests=0)
            raise  # the worker's log keeps where it happened
    return run


def _stop_at_what_kills(run: Run) -> None:
    if run.deliveries > _MOST_DELIVERIES:
        raise BadInput(
            f"{_MOST_DELIVERIES} workers died while they did this run.",
            code="worker-died",
            next_step="Look into the workers' logs (was there enough memory?), then resume the run.",
        )


def _unexpected(run: Run, error: Exception) -> CgrError:
    return CgrError(
        f"Something went wrong in cgr itself ({type(error).__name__}) while run {run.pk} was done.",
        code="unexpected",
        next_step="The details are in the worker's log: please report them. Then resume the run.",
    )
