"""What a release is made by: fragments become a changelog, the parts are listed, containers are what we promise."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cgr.cli.main import application

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[3]
CONTAINER = ROOT / "deploy" / "container"
CONTAINERFILE = (CONTAINER / "Containerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((CONTAINER / "compose.yaml").read_text("utf-8"))


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script on a checkout of its own, version 0.2.0."""
    module = script("release")
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("How\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    for name, place in {"ROOT": "", "CHANGES": "changes", "CHANGELOG": "CHANGELOG.md"}.items():
        monkeypatch.setattr(module, name, tmp_path / place)
    git(tmp_path, "init", "--quiet")
    return module


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def test_fragments_become_the_head_of_the_changelog_and_are_gone(release: Any, tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0 (2026-01-01)\n\n### Added\n\n- The first.\n")
    (tmp_path / "changes" / "b.fixed.md").write_text("It is\nmended.\n")
    (tmp_path / "changes" / "a.security.md").write_text("A hole is closed.")

    release.write_changelog("2026-11-28")

    assert (tmp_path / "CHANGELOG.md").read_text() == (
        "# Changelog\n\n## 0.2.0 (2026-11-28)\n\n### Security\n\n- A hole is closed.\n\n### Fixed\n\n- It is mended.\n"
        "\n## 0.1.0 (2026-01-01)\n\n### Added\n\n- The first.\n"
    )
    assert [path.name for path in (tmp_path / "changes").iterdir()] == ["README.md"]
    (tmp_path / "changes" / "c.added.md").write_text("More.")
    with pytest.raises(release.RefusedError, match=r"has 0\.2\.0 already"):
        release.write_changelog("2026-11-29")


@pytest.mark.parametrize("name", ["a.md", "a.improved.md", "A.fixed.md", "empty.added.md"])
def test_a_file_that_is_no_fragment_is_refused(release: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "changes" / name).write_text("" if name.startswith("empty") else "Text.")
    with pytest.raises(release.RefusedError, match=re.escape(name)):
        release.fragments()


def test_only_a_clean_commit_with_the_tag_of_its_version_is_released(release: Any, tmp_path: Path) -> None:
    with pytest.raises(release.RefusedError, match="aren't committed"):
        release.check_releasable()
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    git(tmp_path, "tag", "v0.1.9")
    with pytest.raises(release.RefusedError, match=r"isn't tagged v0\.2\.0"):
        release.check_releasable()
    git(tmp_path, "tag", "v0.2.0")
    release.check_releasable()


def test_the_fragments_of_this_checkout_can_be_collected() -> None:
    assert any(script("release").fragments().values()) or (ROOT / "CHANGELOG.md").exists()


def test_the_assets_of_the_pages_are_listed_as_they_are_pinned() -> None:
    listed = {one["name"]: one for one in script("add_assets_to_sbom").assets()}
    assert listed.keys() == json.loads((ROOT / "package.json").read_text())["dependencies"].keys()
    assert {one["hashes"][0]["alg"] for one in listed.values()} <= {"SHA-512", "SHA-256"}


def test_the_image_runs_as_nobody_in_particular_and_holds_no_secret() -> None:
    last = CONTAINERFILE.rpartition("\nFROM ")[2]
    (user,) = re.findall(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert "0" not in user
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    assert "--require-hashes" in CONTAINERFILE
    assert not re.search(r"(PASSWORD|SECRET|KEYS?)=", CONTAINERFILE)
    for source in re.findall(r"^COPY (?!--from)(?:--\S+ )?(\S+) ", CONTAINERFILE, re.MULTILINE):
        assert source.startswith("dist/") or (ROOT / source).exists(), source


def test_every_service_is_as_the_page_on_production_says() -> None:
    services = COMPOSE["services"]
    assert services.keys() == {"database", "migrate", "web", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    ours = {name: one for name, one in services.items() if name != "database"}
    for one in ours.values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]
    assert services["database"]["healthcheck"]["test"]
    assert all(port.startswith("127.0.0.1:") for one in services.values() for port in one.get("ports", ()))
    assert services["web"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    commands = {one["command"][0] for one in ours.values() if "command" in one}
    assert commands <= {command.name for command in application().registered_commands}
    mentioned = {secret for one in services.values() for secret in one.get("secrets", ())}
    assert mentioned == COMPOSE["secrets"].keys()


def test_secrets_come_from_files_and_reach_the_command_alone(tmp_path: Path) -> None:
    text = (CONTAINER / "with-secrets").read_text("utf-8").replace("/run/secrets", str(tmp_path))
    (tmp_path / "database-password").write_text("p@ss/word\n")
    (tmp_path / "secret-keys").write_text("key\n")
    (tmp_path / "entry").write_text(text)
    done = subprocess.run(
        ["sh", tmp_path / "entry", "env"],
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "CGR_DATABASE": "db:5432/cgr"},
        capture_output=True,
        text=True,
        check=True,
    )
    variables = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert variables["DATABASE_URL"] == "postgresql://cgr:p%40ss%2Fword@db:5432/cgr"
    assert variables["CGR_SECRET_KEYS"] == "key"
    assert not {"CGR_DATABASE", "password"} & variables.keys()


def test_the_version_is_one_that_a_tag_can_name() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version)
