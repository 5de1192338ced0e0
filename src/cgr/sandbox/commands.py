"""Running a sandbox from a command line: load, serve until told to stop, keep the state in a file."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cgr.sandbox.latency import measured
from cgr.sandbox.server import SandboxServer, serve
from cgr.sandbox.state import UnreadableFileError, read_version
from cgr.sandbox.world import World

if TYPE_CHECKING:
    from types import FrameType

_SECONDS_BETWEEN_WRITES: Final = 1.0


class Keeper:
    """Writes the state file after writes, at most once a second, and once more at the end."""

    def __init__(self, world: World, path: Path) -> None:
        """Begin to watch a world."""
        self._world = world
        self._path = path
        self._due = threading.Event()
        self._ended = threading.Event()
        world.after_write = self._due.set
        self._thread = threading.Thread(target=self._keep, name="sandbox-state", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what isn't written yet and end."""
        self._ended.set()
        self._due.set()
        self._thread.join()
        self._world.dump(self._path)

    def _keep(self) -> None:
        while not self._ended.is_set():
            self._due.wait()
            self._due.clear()
            if self._ended.is_set():
                return
            self._world.dump(self._path)
            time.sleep(_SECONDS_BETWEEN_WRITES)


def open_world(version: str | None, load: Path | None, state: Path | None, *, latency: float = 0.0) -> World:
    """Make a world: from the state file if there is one, else from `load`; a version given wins over the file's.

    `latency`: seconds that one unit in a POST of its own takes, as `measured` has it; 0: as quick as it can.
    """
    source = state if state is not None and state.exists() else load
    found = read_version(source) if source is not None else None
    world = World(version or found or "2.42")
    if source is not None:
        world.load(source)
    if latency:
        world.latency = measured(world.version, single=latency)
    return world


def run(
    port: int,
    version: str | None = None,
    load: Path | None = None,
    state: Path | None = None,
    *,
    latency: float = 0.0,
) -> None:
    """Serve until SIGINT or SIGTERM; prints the address. Raises UnreadableFileError, ValueError, OSError before."""
    world = open_world(version, load, state, latency=latency)
    # Hundreds of thousands of long-lived objects: searching them for garbage again and again would cost more than
    # serving them.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    keeper = Keeper(world, state) if state is not None else None
    with serve(world, port=port) as server:
        _stop_on_signals(server)  # before anybody reads the address: they may stop us as soon as they know it
        sys.stdout.write(
            f"DHIS2 {world.release} (sandbox, {len(world.units_store)} organisation units) at {server.url}"
            " - sign in as admin / district\n"
        )
        sys.stdout.flush()
        server.wait()
    if keeper is not None:
        keeper.close()


def _stop_on_signals(server: SandboxServer) -> None:
    def stop(_: int, __: FrameType | None) -> None:
        threading.Thread(target=server.close, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line of `python -m cgr.sandbox`; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m cgr.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument("--version", default=None, help="2.31 to 2.43; default: the file's, else 2.42")
    parser.add_argument("--load", type=Path, default=None, help="JSON file with metadata to start from")
    parser.add_argument("--state", type=Path, default=None, help="JSON file in which the state is kept")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds of one unit in a POST of its own")
    given = parser.parse_args(arguments)
    try:
        run(given.port, given.version, given.load, given.state, latency=given.latency)
    except (UnreadableFileError, ValueError, OSError) as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    return 0
