"""What can't work is told in words, with what to do, before anything is written."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cgr.core.errors import BadInput
from cgr.embedded_postgres import PostgresFailure, ensure_running
from cgr.embedded_postgres.failures import os_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Place


def test_a_database_of_another_postgresql_is_left_alone(place: Place) -> None:
    place.start().release()
    version = place.postgres / "data" / "PG_VERSION"
    version.write_text("16\n")

    with pytest.raises(PostgresFailure) as refused:
        place.start()

    assert refused.value.code == "postgres-version"
    assert "made by PostgreSQL 16; this cgr carries PostgreSQL 18" in refused.value.message
    assert version.read_text() == "16\n"
    assert not place.answers()


def test_a_path_that_is_too_long_for_a_socket_is_refused_with_the_excess() -> None:
    folder = Path(tempfile.gettempdir()) / ("é" * 60)  # bytes count, not letters

    with pytest.raises(BadInput, match=r"is \d+ bytes too long") as refused:
        ensure_running(folder)

    assert "CGR_DATA_DIR" in refused.value.next_step
    assert not folder.exists()


def test_the_longest_path_that_is_allowed_works() -> None:
    parent = Path(tempfile.mkdtemp(prefix="cgr-pg-"))
    spare = 107 - len(os.fsencode(parent / "x" / "postgres" / "socket" / ".s.PGSQL.5432"))
    folder = parent / ("x" * (spare + 1))
    try:
        with ensure_running(folder, durable=False) as cluster:
            cluster.ensure_database("registry")
        with pytest.raises(BadInput, match="is 1 bytes too long"):
            ensure_running(parent / f"{folder.name}x")
    finally:
        subprocess.run(["rm", "-r", str(parent)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_data_folder_of_somebody_else_is_refused(place: Place) -> None:
    place.data_dir.mkdir()
    os.chown(place.data_dir, 65534, 65534)

    with pytest.raises(BadInput, match="belongs to nobody, and we are root"):
        place.start()

    assert not list(place.data_dir.iterdir())


def test_a_data_folder_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(PostgresFailure, match="Making the data folder failed") as refused:
        ensure_running(Path("/proc/cgr"))

    assert refused.value.code == "postgres-folder"


def test_a_server_that_does_not_start_says_why(place: Place) -> None:
    place.start().release()
    with (place.postgres / "data" / "postgresql.conf").open("a") as file:
        file.write("\nshared_buffers = 'a lot'\n")

    with pytest.raises(PostgresFailure, match='invalid value for parameter "shared_buffers"'):
        place.start()


@pytest.fixture
def small_disk(place: Place) -> Iterator[Path]:
    """The place's data folder on a disk of its own, large enough for a database and little more."""
    place.data_dir.mkdir(mode=0o700)
    options = f"size=110M,mode=0700,uid={os.geteuid()}"
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "cgr-test", str(place.data_dir)], capture_output=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip("no small disk can be mounted here")
    yield place.data_dir
    subprocess.run(["umount", str(place.data_dir)], check=True)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))


def test_a_disk_that_is_too_small_for_a_new_database_is_refused(place: Place, small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(20_000_000))

    with pytest.raises(PostgresFailure) as refused:
        place.start()

    assert refused.value.code == "disk-full"
    assert not (place.postgres / "data").exists()


def test_a_disk_that_is_full_at_the_start_is_told_and_nothing_is_lost(place: Place, small_disk: Path) -> None:
    with place.start():
        place.run("create table kept as select 42 as n")
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        _fill(ballast)

    with pytest.raises(PostgresFailure) as refused:
        place.start()

    assert refused.value.code == "disk-full"
    assert "Free some space" in refused.value.next_step
    ballast.unlink()
    with place.start():
        assert place.ask("select n from kept") == 42


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_data_folder_that_cannot_be_written_to_is_a_wrong_choice_and_not_our_fault(number: int) -> None:
    told = os_failure(OSError(number, os.strerror(number), "/data/postgres.users"), doing="It", folder=Path("/data"))
    assert (told.exit_status, told.code) == (2, "data-folder")
    assert "/data/postgres.users can't be written to" in told.message
    assert "CGR_DATA_DIR" in told.next_step
