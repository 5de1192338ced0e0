"""Several workers of one machine for several DHIS2s, and the means to end one of them at an exact moment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import psycopg

from .machine import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .forking import Process
    from .machine import Machine

POLL_S = 0.05

_HOLDER = (
    "SELECT progress.session, progress.process FROM runs_runprogress AS progress JOIN pg_locks AS held"
    " ON held.pid = progress.session WHERE progress.run_id = %s AND held.locktype = 'advisory' AND held.granted"
    " AND held.objid::bigint = (SELECT system_id FROM runs_run WHERE id = progress.run_id)"
)

_SCRIPT = """
import json, sys
from cgr.project import wiring
wiring.start()
from cgr.accounts.actors import local_operator
from cgr.runs import queries
from cgr.core.streamed_json import encoded
from cgr.sync import actions, background, reports
actor, (what, *names) = local_operator(), sys.argv[1:]
for name in names:
    if what == "queue":
        print(json.dumps(background.queue_plan(actor, name, then_apply=True).pk))
    elif what == "resume":
        print(json.dumps(background.queue_resume(actor, queries.sync_run(actor, name)).pk))
    elif what == "report":
        print(b"".join(encoded(reports.report_of(queries.sync_run(actor, name)))).decode())
    elif what == "plan":
        print(b"".join(encoded(reports.plan_of(actions.plan(actor, name)))).decode())
"""


class Fleet:
    """Workers that each do one run at a time; one that was ended or stopped is replaced at once."""

    def __init__(self, machine: Machine, database: str, *, size: int) -> None:
        self._machine = machine
        self._database = database
        self._size = size
        self._lock = threading.Lock()
        self._working: list[Process] = []
        self._stopped: list[Process] = []
        self._ending = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self.log = machine.folder / "workers.log"

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._keeper.join()
        for worker in [*self._working, *self._stopped]:
            worker.kill()
            worker.wait()

    def _keep(self) -> None:
        while not self._ending.wait(POLL_S):
            with self._lock:
                self._working = [worker for worker in self._working if worker.poll() is None]
                while len(self._working) < self._size:
                    self._working.append(self._start())

    def _start(self) -> Process:
        return self._machine.start("worker", "--concurrency", "1", log=self.log)

    def connect(self) -> psycopg.Connection[Any]:
        """Look into the machine's database, past the product."""
        return psycopg.connect(self._database, autocommit=True)

    def ask(self, what: str, *names: str) -> list[Any]:
        """Have something done for each name in one process: queue or plan a configuration, resume or report a run."""
        done = self._machine.run(what, *names, program=_SCRIPT, timeout=DEADLINE + 2 * len(names))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def states(self) -> dict[int, str]:
        """Give the state of each run."""
        with self.connect() as database:
            return dict(database.execute("SELECT id, state FROM runs_run").fetchall())

    def holder(self, run: int) -> tuple[int, int]:
        """Give database session and process number of the worker that does a run, once it has said so itself."""

        def found() -> tuple[int, int] | None:
            row = database.execute(_HOLDER, [run]).fetchone()
            return row and (row[0], int(row[1].rpartition(":")[2]))

        with self.connect() as database:
            holder: tuple[int, int] = wait_until(found)
            return holder

    def kill(self, run: int) -> None:
        """End the worker of a run as the kernel does when there is no memory left."""
        os.kill(self.holder(run)[1], signal.SIGKILL)

    def cut(self, run: int) -> None:
        """End the database session over which a run's outcomes are written, as a restart of the database does."""
        session, _ = self.holder(run)
        with self.connect() as database:
            database.execute("SELECT pg_terminate_backend(%s, 5000)", [session])

    def stop(self, run: int) -> None:
        """Stop the worker of a run in its tracks, as a frozen machine does; it may wake up later."""
        self._freeze(self.holder(run)[1])

    def _freeze(self, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        with self._lock:
            frozen = [worker for worker in self._working if worker.pid == pid]
            self._stopped += frozen
            self._working = [worker for worker in self._working if worker.pid != pid]
        for worker in frozen:
            # A busy machine lets the other threads run on until the first has seen the signal.
            worker.wait_until_stopped(DEADLINE)

    def wake(self) -> None:
        """Let all stopped workers go on where they stood; they are no longer counted, and still take up work."""
        for worker in self._stopped:
            with contextlib.suppress(ProcessLookupError):
                worker.send_signal(signal.SIGCONT)

    def hit(self, number: int, with_signal: signal.Signals) -> None:
        """Send a signal to one of the workers, whatever it does at the moment."""
        with self._lock:
            pids = [worker.pid for worker in self._working if worker.poll() is None]
        if number < len(pids):
            if with_signal == signal.SIGSTOP:
                self._freeze(pids[number])
            else:
                os.kill(pids[number], with_signal)

    def cut_all(self) -> None:
        """End every connection to the product's database, as a restart of the server would."""
        with self.connect() as database:
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND pid <> pg_backend_pid() AND datname = current_database()"
            )

    def cancel(self, run: int) -> bool:
        """Cancel a run as a person does; False when it has just ended."""
        return self._machine.run("sync", "cancel", str(run)).returncode == 0

    def last_run(self, config: str) -> tuple[int, str]:
        """Give number and state of the newest run of a configuration."""
        with self.connect() as database:
            row = database.execute(
                "SELECT id, state FROM runs_run WHERE config = %s ORDER BY id DESC LIMIT 1", [config]
            ).fetchone()
        assert row is not None
        return row[0], row[1]

    def external_ids(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Give what the registry keeps: system and object, both by code → id and its state."""
        with self.connect() as database:
            rows = database.execute(
                "SELECT system.code, object.code, value, state FROM registry_externalid AS known"
                " JOIN systems_externalsystem AS system ON system.id = system_id"
                " JOIN registry_geoobject AS object ON object.id = object_id"
            ).fetchall()
        return {(system, code): (value, state) for system, code, value, state in rows}

    def left_over(self) -> dict[str, int]:
        """Count what nobody would ever look after: work in the queue, changes of ended runs without an outcome."""
        with self.connect() as database:
            row = database.execute(
                "SELECT (SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'work'), (SELECT count(*) FROM"
                " runs_runitem AS item JOIN runs_run AS run ON run.id = run_id WHERE category = 'change' AND"
                " outcome = '' AND run.state IN ('success', 'warning'))"
            ).fetchone()
        assert row is not None
        return {"jobs": row[0], "changes without an outcome": row[1]}

    def when_blocked(self, run: int, lock: str, values: Sequence[Any], then: Callable[[int], None]) -> None:
        """Take a lock in the database, and do something to the worker of a run once it waits for that lock."""
        ours = psycopg.connect(self._database)
        ours.execute(lock, values)

        def watch() -> None:
            with ours:
                session, _ = self.holder(run)
                with self.connect() as database:
                    wait_until(lambda: database.execute(_WAITS, [session]).fetchone())
                then(run)
                ours.rollback()

        threading.Thread(target=watch, daemon=True).start()


_WAITS = "SELECT true FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"


def wait_until(condition: Callable[[], Any], seconds: float = DEADLINE) -> Any:
    """Wait for what another process does; gives what the condition gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(POLL_S)
    return found
