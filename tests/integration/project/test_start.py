"""Starting an instance: what is made, for whom to read, and words for a database that can't be used."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from cgr.embedded_postgres import stop_unused

_START = """
import json, sys
from cgr.core.errors import CgrError
from cgr.project import wiring
try:
    wiring.start()
    wiring.start()
except CgrError as error:
    print(json.dumps({"status": error.exit_status, **error.as_json()["error"]}))
else:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    print(json.dumps({"people": get_user_model().objects.count(), "keys": settings.SECRET_KEYS}))
"""


def _python(program, data_dir, **variables):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CGR_", "DJANGO_"))}
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env={**clean, "CGR_DATA_DIR": str(data_dir), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _answer(process):
    words, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    return json.loads(words)


def _start(data_dir, **variables):
    return _answer(_python(_START, data_dir, **variables))


def _mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data_dir():
    closed = Path(tempfile.mkdtemp(prefix="cgr-"))
    folder = closed / "data"
    yield folder
    stop_unused(folder)
    shutil.rmtree(closed)


@pytest.fixture
def database(cluster, request):
    """The address of an empty database on the server of this run, as a user of DATABASE_URL would give it."""
    name = f"start-{request.node.name}-{os.getpid()}"[:63]
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f'create database "{name}" template template0')
        yield cluster.url(name)
        connection.execute(f'drop database "{name}" with (force)')


def test_reading_the_settings_makes_and_starts_nothing(data_dir):
    process = _python("from cgr.project import settings; print(repr(settings.SECRET_KEY))", data_dir)

    assert process.communicate(timeout=120) == ("''\n", "")
    assert not data_dir.exists()


def test_two_first_starts_at_once_agree_on_keys_and_tables(data_dir):
    answers = [_answer(process) for process in [_python(_START, data_dir), _python(_START, data_dir)]]

    assert answers[0] == answers[1]
    assert answers[0]["people"] == 0
    assert [(data_dir / "secret-keys").read_text().strip()] == answers[0]["keys"]


def test_only_we_can_read_what_a_start_makes(data_dir):
    _start(data_dir)

    assert _mode(data_dir) == 0o700
    assert _mode(data_dir / "secret-keys") == 0o600


def test_given_keys_are_used_and_not_stored(data_dir, database):
    answer = _start(data_dir, CGR_SECRET_KEYS="first,second", DATABASE_URL=_migrated(data_dir, database))

    assert answer["keys"] == ["first", "second"]
    assert not (data_dir / "secret-keys").exists()


def _migrated(data_dir, database):
    process = _python(
        "from cgr.project import wiring; wiring.start(migrate=False); print(wiring.migrate_database() > 0)",
        data_dir,
        DATABASE_URL=database,
        CGR_SECRET_KEYS="first",
    )
    assert process.communicate(timeout=120)[0] == "True\n"
    return database


def test_the_tables_of_a_database_of_ones_own_are_only_made_when_asked(data_dir, database):
    refused = _start(data_dir, DATABASE_URL=database)

    assert (refused["status"], refused["code"]) == (2, "database-not-migrated")
    assert "cgr migrate" in refused["next_step"]
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)


def test_a_database_that_a_newer_cgr_used_is_left_alone(data_dir, database):
    _migrated(data_dir, database)
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into django_migrations (app, name, applied) values ('registry', '9999_later', now())"
        )

    refused = _start(data_dir, DATABASE_URL=database)

    assert (refused["status"], refused["code"]) == (2, "database-newer")
    assert "registry.9999_later" in refused["message"]


@pytest.mark.parametrize(
    ("url", "status", "words", "step"),
    [
        ("mysql://me@db/registry", 2, "can't be read", "postgresql://"),
        ("postgresql://me:hush@127.0.0.1:1/registry", 3, "refused", "Start the PostgreSQL server"),
        ("postgresql://me:hush@name.invalid/registry", 3, "resolve host", "Correct the host"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_words(data_dir, url, status, words, step):
    refused = _start(data_dir, DATABASE_URL=url)

    assert refused["status"] == status
    assert words in refused["message"]
    assert step in refused["next_step"]
    assert "hush" not in refused["message"]


def test_a_database_that_does_not_exist_is_told_in_words(data_dir, cluster):
    refused = _start(data_dir, DATABASE_URL=cluster.url("absent"))

    assert (refused["status"], refused["code"]) == (3, "database-unreachable")
    assert 'database "absent" does not exist' in refused["message"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_nothing_is_written_into_a_data_folder_of_somebody_else(data_dir):
    data_dir.mkdir()
    os.chown(data_dir, 65534, 65534)

    refused = _start(data_dir)

    assert (refused["status"], refused["code"]) == (2, "data-folder-owner")
    assert not list(data_dir.iterdir())


def test_a_data_folder_that_cannot_be_made_is_told_in_words():
    refused = _start(Path("/proc/cgr"))

    assert (refused["status"], refused["code"]) == (2, "data-folder")
    assert "CGR_DATA_DIR" in refused["next_step"]


def test_a_key_file_that_others_can_read_is_closed_and_that_is_said(data_dir, database):
    _migrated(data_dir, database)
    _start(data_dir, DATABASE_URL=database)
    keys = data_dir / "secret-keys"
    before = keys.read_text()
    keys.chmod(0o644)

    process = _python(_START, data_dir, DATABASE_URL=database)
    words, complaints = process.communicate(timeout=120)

    assert process.returncode == 0
    assert _mode(keys) == 0o600
    assert keys.read_text() == before
    assert str(keys) in complaints
    assert "cgr secrets rotate" in complaints
    assert before.strip() not in complaints
    assert json.loads(words)["keys"] == [before.strip()]
