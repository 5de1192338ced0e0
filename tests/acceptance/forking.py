"""Commands as processes of their own that begin where the loading of libraries is over.

Nine tenths of the processor time of a short `cgr` goes into imports. A starter has one process load everything under a
machine's environment and fork for each command: what runs there is `cgr.cli.main.main` with arguments, streams, signals
and a death of its own. That the script comes up from nothing is seen elsewhere (test_secrets.py, test_rehearsal.py,
test_production.py, test_release.py).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEADLINE = 120
ROOMS = ("cli", "accounts", "audit", "systems", "registry", "runs", "sync", "imports", "configuration", "jobs", "dhis2")
STOPPED = b"stopped"
_LONGEST_MESSAGE = 2**20
_READY_S = 120


class Process:
    """A command under way: as much of `subprocess.Popen` as tests need, and whether it was stopped in its tracks."""

    def __init__(self, reports: socket.socket) -> None:
        self._reports = reports
        self._lock = threading.Lock()
        self._is_stopped = False
        self.returncode: int | None = None
        self.pid = 0
        self._wait_until(lambda: bool(self.pid), _READY_S)

    def poll(self) -> int | None:
        """Give the status if it has ended."""
        self._listen(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        self._wait_until(lambda: self.returncode is not None, timeout)
        assert self.returncode is not None
        return self.returncode

    def wait_until_stopped(self, timeout: float | None = None) -> None:
        """Wait until all its threads stand still after SIGSTOP, or it has ended."""
        self._wait_until(lambda: self._is_stopped or self.returncode is not None, timeout)

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _wait_until(self, reached: Any, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not reached():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("cgr", timeout or 0)
            self._listen(left)

    def _listen(self, seconds: float | None) -> None:
        """Take note of what the starter reports, waiting so long for it."""
        with self._lock:
            if self.returncode is not None or not select.select([self._reports], [], [], seconds)[0]:
                return
            said = self._reports.recv(64)
            assert said, "the starter of commands has ended; what it said is in the output of this test"
            if said == STOPPED:
                self._is_stopped = True
            elif not self.pid:
                self.pid = int(said)
            else:
                self.returncode = int(said)
                self._reports.close()


class Starter:
    """A process in which everything is loaded, waiting for commands to fork for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            command = [sys.executable, "-P", __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, env=dict(environment), pass_fds=[theirs.fileno()])

    def close(self) -> None:
        self._control.close()
        self._process.wait()

    def start(
        self, arguments: Sequence[str], program: str, *, stdin: IO[Any], output: IO[Any], errors: IO[Any]
    ) -> Process:
        """Begin a command, or a program in Python that has the arguments."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked = json.dumps({"arguments": arguments, "program": program}).encode()
        with theirs, self._lock:
            handles = [one.fileno() for one in (stdin, output, errors, theirs)]
            socket.send_fds(self._control, [asked], handles)
        return Process(ours)


class Commands:
    """Somebody who runs commands, under an environment that may change from one to the next."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._starter: tuple[dict[str, str], Starter] | None = None

    def run(
        self, *arguments: str, program: str = "", stdin: str = "", timeout: float = DEADLINE
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, or a program in Python in its place, to its end."""
        with (
            tempfile.TemporaryFile("w+") as given,
            tempfile.TemporaryFile("w+") as output,
            tempfile.TemporaryFile("w+") as errors,
        ):
            given.write(stdin)
            given.seek(0)
            process = self._started_by().start(arguments, program, stdin=given, output=output, errors=errors)
            try:
                process.wait(timeout)
            finally:
                process.kill()
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(arguments, process.wait(), output.read(), errors.read())

    def start(self, *arguments: str, log: Path | None = None) -> Process:
        """Begin a command that goes on, and add what it says to a file."""
        with Path(os.devnull).open("rb") as nothing, (log or Path(os.devnull)).open("ab") as said:
            return self._started_by().start(arguments, "", stdin=nothing, output=said, errors=said)

    def close(self) -> None:
        """Forget what was loaded."""
        if self._starter is not None:
            self._starter[1].close()
            self._starter = None

    def _started_by(self) -> Starter:
        if self._starter is not None and self._starter[0] != self.environment:
            self.close()
        if self._starter is None:
            self._starter = (dict(self.environment), Starter(self.environment))
        return self._starter[1]


# What follows runs in the process of the starter.


def load() -> None:
    """Load what commands load, and connect to nothing."""
    import django  # noqa: PLC0415 - only here

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cgr.project.settings")
    django.setup()
    for room in ROOMS:
        package = importlib.import_module(f"cgr.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    from django.db import connection  # noqa: PLC0415 - only here

    assert connection.connection is None


def wait_for_commands(control: socket.socket) -> dict[str, Any]:
    """Fork for each command and report what becomes of it; in the child, give what was asked for."""
    awake, waker = os.pipe()
    for end in (awake, waker):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    reports: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            _report(reports)
        if control not in ready:
            continue
        asked, handles, _, _ = socket.recv_fds(control, _LONGEST_MESSAGE, 4)
        if not asked:
            os._exit(0)
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (awake, waker):
                os.close(end)
            for one in (control, *reports.values()):
                one.close()
            _take_streams(handles)
            wanted: dict[str, Any] = json.loads(asked)
            return wanted
        reports[pid] = socket.socket(fileno=handles.pop())
        for handle in handles:
            os.close(handle)
        _say(reports[pid], b"%d" % pid)


def _take_streams(handles: list[int]) -> None:
    for number, handle in enumerate(handles[:3]):
        os.dup2(handle, number)
    for handle in handles:
        os.close(handle)


def _report(reports: dict[int, socket.socket]) -> None:
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        if not pid:
            return
        if os.WIFSTOPPED(status):
            _say(reports[pid], STOPPED)
            continue
        with reports.pop(pid) as to:
            _say(to, b"%d" % os.waitstatus_to_exitcode(status))


def _say(to: socket.socket, what: bytes) -> None:
    with contextlib.suppress(OSError):  # whoever started it isn't interested any more
        to.send(what)


if __name__ == "__main__":
    load()
    wanted = wait_for_commands(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["cgr", *wanted["arguments"]]
    if wanted["program"]:
        exec(wanted["program"])  # noqa: S102 - the test's own
    else:
        from cgr.cli.main import main

        main()
