"""The worker beside `cgr serve`: a process of its own, so that a run never slows a page down."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cgr.cli.output import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMAND = [sys.executable, "-c", "from cgr.cli.main import main; main()", "worker", "--with-parent"]
_PAUSE_S = 5.0
_PATIENCE_S = 30.0


@contextmanager
def worker_beside() -> Iterator[None]:
    """Keep a worker running while the block runs; one that dies is started again.

    It ends with us, however we end: it watches the pipe that is its standard input.
    """
    beside = _Beside()
    thread = threading.Thread(target=beside.keep_running, name="worker")
    thread.start()
    try:
        yield
    finally:
        beside.stop()
        thread.join()


class _Beside:
    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._process = self._start()

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603 - ourselves

    def keep_running(self) -> None:
        while True:
            status = self._process.wait()
            if self._stopped.is_set():
                return
            tell(f"The worker ended (status {status}); it is started again.")
            if self._stopped.wait(_PAUSE_S):
                return
            self._process = self._start()

    def stop(self) -> None:
        """Ask the worker to stop: it finishes the batch in hand; after 30 seconds it is ended, losing nothing."""
        self._stopped.set()
        self._process.terminate()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
