"""Looking after runs that wait for a worker and that the engine has lost sight of."""

from __future__ import annotations

from django.db import transaction

from cgr.jobs import forgotten, rescue
from cgr.runs.models import Run
from cgr.runs.ownership import is_abandoned
from cgr.runs.queueing import deliver


@transaction.atomic
def deliver_again() -> int:
    """Give to another worker what a dead one had in hand, and to any worker what the engine doesn't know of.

    The latter happens when a worker dies between the end of its job and the end of its run, or when a job fails in the
    engine itself. Returns how many runs were delivered again.
    """
    waiting = Run.objects.select_for_update(of=("self",), skip_locked=True).exclude(goal="")
    runs = {run.pk: run for run in waiting.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING])}
    abandoned = [pk for pk, run in runs.items() if run.state == Run.State.RUNNING and is_abandoned(run)]
    rescued = rescue(abandoned)
    lost = forgotten([pk for pk, run in runs.items() if run.state == Run.State.QUEUED or pk in abandoned])
    for pk in lost:
        deliver(runs[pk])
    return rescued + len(lost)
