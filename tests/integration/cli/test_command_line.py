"""The command line's manners: statuses, exactly one JSON document, words on standard error, and never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from cgr.accounts.models import Organization, User
from cgr.audit.queries import entries
from cgr.cli import main, output
from cgr.core.errors import BadInput, NeedsConsent, NeedsPerson
from cgr.project import wiring
from cgr.runs.models import Run as StoredRun
from cgr.systems.models import ExternalSystem

from ...ports import free_port  # noqa: TID252 - tests are no installed package

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

PASSWORD = "correct horse battery"
CONFIG = """
version: 1
organizations: [{code: MOH, label: Health}]
types: [{code: facility, organization: MOH, label: Facility, geometry: point}]
"""


def only_document(out: str) -> dict[str, Any]:
    """Read standard output as one JSON document, which `json.loads` refuses to do for two of them."""
    document: dict[str, Any] = json.loads(out)
    return document


@pytest.mark.parametrize(
    "arguments",
    [
        ("nix",),
        ("user", "add"),
        ("user", "add", "x", "--role"),
        ("system", "check"),
        ("system", "check", "a", "b"),
        ("serve", "--port", "http"),
        ("objects", "apply", "--frobnicate", "x"),
        ("config",),
    ],
)
def test_a_wrong_command_line_exits_with_2_in_words_and_as_json(cgr: Run, arguments: tuple[str, ...]) -> None:
    status, out, err = cgr(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("Error: ")
    assert "--help" in err

    status, out, err = cgr(*arguments, "--json") if arguments[-1] != "--role" else cgr("--json", *arguments)
    assert (status, err) == (2, "")
    assert set(only_document(out)["error"]) == {"code", "message", "next_step"}


def test_it_says_which_version_it_is(cgr: Run) -> None:
    assert cgr("--version") == (0, f"cgr {metadata.version('cgr')}\n", "")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("config", "--help"), ("sandbox", "serve", "--help")])
def test_help_exits_with_0(cgr: Run, arguments: tuple[str, ...]) -> None:
    status, out, err = cgr(*arguments)
    assert (status, err) == (0, "")
    assert "Usage: cgr" in out


def test_help_and_the_sandbox_come_without_django() -> None:
    code = "from cgr.cli import main; import sys; main.application(); sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("No.", code="x", next_step="Do."), 2),
        (NeedsPerson("No.", code="x", next_step="Do."), 3),
        (NeedsConsent("No.", code="x", next_step="Do."), 4),
    ],
)
def test_an_error_decides_the_status(cgr: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int) -> None:
    monkeypatch.setattr(main, "application", lambda: _raising(error))
    assert cgr("anything") == (status, "", "Error: No.\nWhat to do: Do.\n")
    got, out, err = cgr("anything", "--json")
    assert (got, err) == (status, "")
    assert only_document(out) == {"error": {"code": "x", "message": "No.", "next_step": "Do."}}


def test_what_nobody_foresaw_exits_with_5_and_its_traceback_is_in_a_log_for_the_owner_only(
    cgr: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CGR_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(main, "application", lambda: _raising(ZeroDivisionError("secret detail")))

    status, out, err = cgr("anything", "--json")

    log = tmp_path / "cgr.log"
    assert (status, err) == (5, "")
    assert str(log) in only_document(out)["error"]["message"]
    assert "secret detail" not in out
    assert "ZeroDivisionError: secret detail" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("arguments", [("config", "export"), ("user", "list", "--json")])
@pytest.mark.django_db
def test_output_that_the_disk_has_no_room_for_is_told_on_standard_error(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(wiring, "start", lambda **_: None)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main.run(arguments) == 5
    assert "No space left on device. What the command has done is done." in capfd.readouterr().err


def test_streams_may_be_closed_and_files_are_utf_8_whatever_the_terminal_s_encoding(tmp_path: Path) -> None:
    types = [{"code": "P", "geometryType": "POINT", "attributes": [], "label": {"localizedValue": "Établissement"}}]
    (tmp_path / "types.json").write_text(json.dumps(types))
    command = f"{sys.executable} -c 'from cgr.cli.main import main; main()'"
    script = f"{command} --version >&- 2>&- <&-; {command} config import-gpr types.json --organization MOH <&-"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    finished = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=60
    )
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert "Établissement" in finished.stdout.decode()


def test_ctrl_c_is_told_in_a_sentence(cgr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "application", lambda: _raising(KeyboardInterrupt()))
    status, out, err = cgr("anything")
    assert (status, out) == (130, "")
    assert "Traceback" not in err


def test_json_after_two_hyphens_is_an_argument_like_any_other(cgr: Run) -> None:
    status, out, _ = cgr("nix", "--", "--json")
    assert (status, out) == (2, "")


@pytest.mark.django_db
def test_a_person_is_added_with_the_password_from_standard_input(cgr: Run) -> None:
    status, out, err = cgr(
        "user", "add", "ada", "--role", "system-administrator", "--password-stdin", "--json", stdin=PASSWORD + "\n"
    )

    assert (status, err) == (0, "")
    assert only_document(out)["user"] == "ada"
    assert User.objects.get(username="ada").check_password(PASSWORD)
    assert entries(kind="user").get().actor.startswith("cli:")


@pytest.mark.django_db
def test_without_a_terminal_and_without_the_option_no_password_is_waited_for(cgr: Run) -> None:
    status, out, _ = cgr("user", "add", "ada", "--role", "system-administrator", "--json", stdin=PASSWORD)
    assert status == 2
    assert "--password-stdin" in only_document(out)["error"]["next_step"]
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_configuration_goes_in_and_comes_out(cgr: Run, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)

    previewed = cgr("config", "apply", str(file), "--preview", "--json")
    assert previewed[0] == 0
    assert cgr("config", "apply", str(file), "--json") == previewed
    status, out, _ = cgr("config", "apply", "-", "--json", stdin=CONFIG)
    assert only_document(out) == {"created": [], "changed": [], "unchanged": 2}

    status, exported, err = cgr("config", "export")
    assert (status, err) == (0, "")
    status, out, _ = cgr("config", "apply", "-", "--json", stdin=exported)
    assert (status, only_document(out)["unchanged"]) == (0, 2)


@pytest.mark.django_db
def test_a_configuration_with_a_mistake_exits_with_2(cgr: Run) -> None:
    status, out, err = cgr("config", "apply", "-", "--json", stdin=CONFIG.replace("geometry", "geometri"))
    assert (status, err) == (2, "")
    assert "geometri" in only_document(out)["error"]["message"]


def test_a_file_that_is_not_there_exits_with_2(cgr: Run, tmp_path: Path) -> None:
    for noun in ("config", "objects"):
        status, out, _ = cgr(noun, "apply", str(tmp_path / "nix"), "--json")
        assert (status, only_document(out)["error"]["code"]) == (2, "file")
        assert cgr(noun, "apply", str(tmp_path), "--json")[0] == 2


@pytest.mark.django_db
def test_objects_go_in_and_come_out(cgr: Run) -> None:
    cgr("config", "apply", "-", stdin=CONFIG)
    lines = "".join(
        json.dumps(
            {
                "type": "facility",
                "code": f"F{n}",
                "label": {"default": f"Clinic {n}"},
                "exists": [{"from": "2001-01-01"}],
            }
        )
        + "\n"
        for n in range(3)
    )

    status, out, _ = cgr("objects", "apply", "-", "--preview", "--json", stdin=lines)
    assert (status, only_document(out)) == (0, {"created": 3, "changed": 0, "unchanged": 0, "errors": []})
    status, out, _ = cgr("objects", "apply", "-", "--json", stdin=lines)
    assert (status, only_document(out)["created"]) == (0, 3)
    status, exported, _ = cgr("objects", "export", "--type", "facility")
    assert [json.loads(line)["code"] for line in exported.splitlines()] == ["F0", "F1", "F2"]
    status, out, _ = cgr("objects", "apply", "-", "--json", stdin=exported)
    assert (status, only_document(out)["unchanged"]) == (0, 3)
    assert cgr("objects", "export", "--as-of", "2000-12-31")[1] == ""


@pytest.mark.django_db
def test_a_bad_line_is_named_and_the_status_is_2(cgr: Run) -> None:
    cgr("config", "apply", "-", stdin=CONFIG)
    lines = '{"type": "facility", "code": "F1", "label": {"default": "A"}}\n{"type": "facility", "codd": "F2"}\n'

    status, out, err = cgr("objects", "apply", "-", "--json", stdin=lines)
    assert (status, err) == (2, "")
    document = only_document(out)
    assert [error["line"] for error in document["errors"]] == [2]
    assert (document["created"], document["error"]["code"]) == (0, "bad-lines")

    status, out, err = cgr("objects", "apply", "-", stdin=lines)
    assert (status, out) == (2, "")
    assert err.startswith("Line 2: ")
    assert cgr("objects", "export")[1] == ""


@pytest.mark.parametrize("text", ["2021-02-30", "today", "20210201", ""])
def test_a_date_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        output.read_date(text)


@pytest.mark.django_db
def test_a_system_is_registered_and_its_secret_shown_nowhere(cgr: Run) -> None:
    cgr("config", "apply", "-", stdin=CONFIG)
    common = ("--organization", "MOH", "--url", "https://hmis.example.org", "--json")

    status, out, err = cgr("system", "add", "hmis", "--username", "cgr", "--password-stdin", *common, stdin=PASSWORD)
    assert (status, err) == (0, "")
    assert only_document(out)["created"] is True
    assert PASSWORD not in out
    status, out, _ = cgr("system", "add", "other", "--token-stdin", *common, stdin="d2pat_abc")
    assert status == 0
    assert {row.code: row.auth_kind for row in ExternalSystem.objects.all()} == {"hmis": "basic", "other": "token"}


@pytest.mark.django_db
def test_a_code_that_is_not_there_exits_with_2_and_the_one_that_may_be_meant_is_named(cgr: Run) -> None:
    status, out, _ = cgr("system", "check", "nix", "--json")
    assert (status, only_document(out)["error"]["code"]) == (2, "unknown-or-not-allowed")
    cgr("config", "apply", "-", stdin=CONFIG)
    status, _, err = cgr("objects", "export", "--type", "facilty")
    assert status == 2
    assert 'Perhaps "facility" is meant.' in err


@pytest.mark.django_db
def test_the_report_of_a_plan_that_waits_shows_the_plan(cgr: Run) -> None:
    cgr("config", "apply", "-", stdin=CONFIG)
    counts = {"unchanged": 60, "not_selected": 0, "problem": 0}
    guards = [{"code": "changed_share", "value": 0.9, "limit": 0.3}]
    row = StoredRun.objects.create(
        kind="sync",
        organization=Organization.objects.get(),
        as_of=date(2026, 11, 28),
        summary={"dhis2": {"version": "2.42"}, "counts": counts, "guards": guards, "findings": []},
        names={"units": {}, "groups": {}, "attributes": {}, "options": {}},
    )
    status, out, _ = cgr("sync", "report", str(row.pk))
    assert status == 0
    assert f"Plan {row.pk} " in out
    assert "--consent changed_share" in out


@pytest.mark.django_db
def test_checking_a_system_that_refuses_connections_exits_with_3(cgr: Run) -> None:
    cgr("config", "apply", "-", stdin=CONFIG)
    cgr(
        *("system", "add", "hmis", "--organization", "MOH", "--url", "http://127.0.0.1:9", "--username", "cgr"),
        "--password-stdin",
        stdin=PASSWORD,
    )
    status, out, _ = cgr("system", "check", "hmis", "--json")
    assert status == 3
    assert only_document(out)["error"]["next_step"]
    assert ExternalSystem.objects.get().checked_at is None


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "copy.json"
    file.write_bytes(b"former")

    with suppress(ZeroDivisionError), output.replacing(file) as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert file.read_bytes() == b"former"
    with output.replacing(file) as stream:
        stream.write(b"whole")
    assert file.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(BadInput), output.replacing(tmp_path / "absent" / "copy.json"):
        pass


def test_a_fresh_machine_needs_no_other_command_first(tmp_path: Path) -> None:
    environment = {**os.environ, "CGR_DATA_DIR": str(tmp_path / "data"), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", "from cgr.cli.main import main; main()", "config", "apply", "-", "--json"]
    finished = subprocess.run(
        command, env=environment, input=CONFIG.encode(), capture_output=True, check=False, timeout=300
    )
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert len(json.loads(finished.stdout)["created"]) == 2


def test_it_serves_the_pages_until_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "CGR_DATA_DIR": str(tmp_path / "data"), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", "from cgr.cli.main import main; main()", "serve", "--port", str(port), "--json"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        url = json.loads(served.stdout.readline())["url"]
        for path in ("sign-in/", "static/web/css/base.css"):
            with urllib.request.urlopen(url + path) as answer:  # noqa: S310 - our own address
                assert answer.status == 200
        served.send_signal(signal.SIGINT)
        _, err = served.communicate(timeout=120)
    assert served.returncode == 0
    assert "Traceback" not in err
    assert "cgr user add" in err


def test_a_reader_that_goes_away_is_no_error_of_ours(tmp_path: Path) -> None:
    environment = {**os.environ, "CGR_DATA_DIR": str(tmp_path)}
    command = f"set -o pipefail; {sys.executable} -c 'from cgr.cli.main import main; main()' --help | true"
    finished = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, check=False, timeout=120)
    assert finished.returncode in {0, 141}
    assert finished.stderr == b""


def _raising(error: BaseException) -> typer.Typer:
    app = typer.Typer()

    @app.callback()
    def group() -> None: ...

    @app.command("anything")
    def command(*, as_json: output.Json = False) -> None:  # noqa: ARG001 - every command takes the option
        raise error

    return app
