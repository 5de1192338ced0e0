"""Locks that die with their holder: `flock` is released by the kernel however a process ends, kill -9 included."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_POLL_SECONDS = 0.05


class FileLock:
    """One open file that can be locked, shared or alone. Closing it releases the lock, unless a child inherited it."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it if absent (mode 0600); raise `OSError` when that isn't possible."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @property
    def fd(self) -> int:
        """The descriptor, for a child that shall hold the lock too."""
        return self._fd

    def alone(self, *, seconds: float = 0) -> bool:
        """Take the lock alone, waiting so long while anybody else holds it; say whether it was got."""
        return self._take(fcntl.LOCK_EX, seconds)

    def share(self, *, seconds: float) -> bool:
        """Take the lock together with others, waiting so long while somebody holds it alone; say whether it was got."""
        return self._take(fcntl.LOCK_SH, seconds)

    def unlock(self) -> None:
        """Release the lock and keep the file open."""
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close our copy of the file."""
        os.close(self._fd)

    def _take(self, kind: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self._fd, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_POLL_SECONDS)
            else:
                return True
