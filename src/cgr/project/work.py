"""What workers do: the one list of work that can be enqueued and of chores, and the process that does them."""

from __future__ import annotations

from functools import partial

from cgr.accounts.actors import housekeeper
from cgr.imports.background import continue_import
from cgr.imports.notices import tell_of_untold_imports
from cgr.imports.uploads import forget_old_uploads
from cgr.jobs import Stopping
from cgr.jobs.worker import Chore, Work, run_worker
from cgr.runs.delivery import deliver_again
from cgr.runs.evidence import forget_old_evidence
from cgr.runs.ownership import SystemBusy
from cgr.sync.background import continue_look, continue_sync
from cgr.sync.notices import tell_of_untold_ends
from cgr.sync.scheduling import queue_due

_EVERY_TEN_SECONDS = "* * * * * */10"
_EVERY_MINUTE = "* * * * *"
_EVERY_NIGHT = "17 3 * * *"


def work(*, concurrency: int) -> None:
    """Be a worker until SIGTERM or Ctrl-C; the work in hand is brought to a good place first."""
    stopping = Stopping()
    run_worker(
        [
            Work("continue-sync", partial(continue_sync, stopping=stopping), later_after=(SystemBusy,)),
            Work("continue-drift", partial(continue_look, stopping=stopping), later_after=(SystemBusy,)),
            Work("continue-import", partial(continue_import, stopping=stopping), later_after=(SystemBusy,)),
        ],
        [
            Chore("deliver-again", deliver_again, _EVERY_TEN_SECONDS),
            Chore("schedules", queue_due, _EVERY_MINUTE),
            Chore("notices", tell_of_untold_ends, _EVERY_MINUTE),
            Chore("import-notices", tell_of_untold_imports, _EVERY_MINUTE),
            Chore("uploads", partial(forget_old_uploads, housekeeper()), _EVERY_NIGHT),
            Chore("evidence", partial(forget_old_evidence, housekeeper()), _EVERY_NIGHT),
        ],
        concurrency=concurrency,
        stopping=stopping,
    )
