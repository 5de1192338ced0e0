"""What all runs have in common that a worker goes on with: the right to write, signs of life, an end in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from django.db import InterfaceError, OperationalError

from cgr.accounts.actors import actor_named
from cgr.audit.origin import originating
from cgr.core.errors import BadInput, CgrError
from cgr.jobs import HandedBack
from cgr.runs import actions as runs
from cgr.runs.interrupting import Cancelled
from cgr.runs.models import Run
from cgr.runs.ownership import SystemBusy, require_right, sole_writer
from cgr.runs.progress import recording
from cgr.runs.queueing import hand_back, take_up

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
        if not take_up(run):
            return run
        try:
            _stop_at_what_kills(run)
            with originating("run", str(run.pk)):
                go_on(actor_named(run.actor), run, recorder)
        except HandedBack:
            require_right(run)
            hand_back(run)
            raise
        except Cancelled:
            require_right(run)
            runs.leave_cancelled(run, requests=0)
        except (SystemBusy, OperationalError, InterfaceError):
            raise
        except psycopg.OperationalError as error:  # COPY speaks to the driver past Django
            raise OperationalError(*error.args) from error
        except CgrError as error:
            require_right(run)
            runs.fail(run, error, requests=0)
        except Exception as error:
            require_right(run)
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
