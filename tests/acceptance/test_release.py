"""The package as people get it: built, installed where the repository isn't seen, and used."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
UV = str(Path(sys.executable).with_name("uv"))


def build(folder: Path) -> Path:
    """Build the wheel, as `make wheel` does."""
    how = ["--quiet", "--offline", "--wheel", "--no-build-isolation", "--python", sys.executable]
    subprocess.run(
        [UV, "build", *how, "--out-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


def requirements() -> list[str]:
    """What the package runs on, by name: nothing that only its development needs."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements" / "runtime.txt").read_text("utf-8"))
    pinned = (Requirement(entry.partition("\\")[0].strip()) for entry in entries)
    return [one.name for one in pinned if one.marker is None or one.marker.evaluate()]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, and of ours only what the package requires, so that it needs no network."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    python = str(venv / "bin" / "python")
    subprocess.run([UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel], check=True)
    site = venv / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    for name in requirements():
        for file in distribution(name).files or ():
            top = file.parts[0]
            if top != ".." and not (site / top).exists():
                (site / top).symlink_to(distribution(name).locate_file(top))
    return venv / "bin"


def test_the_package_carries_what_its_pages_show_and_load(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    assets = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src/cgr/web/static").rglob("*.*")}
    assert {"cgr/web/static/vendor/htmx.js", "cgr/web/static/vendor/maplibre-gl.mjs"} <= assets
    assert not assets - inside
    assert "cgr/web/locale/fr/LC_MESSAGES/django.mo" in inside
    assert "cgr/cli/demo/zambia.ndjson" in inside
    if (ROOT / "src/cgr/web/built_docs").is_dir():
        assert {"cgr/web/built_docs/index.html", "cgr/web/built_docs/searchindex.js"} <= inside
    assert not [name for name in inside if name.startswith(("tests/", "docs/")) or "__pycache__" in name]


def test_the_package_comes_out_the_same_each_time(wheel: Path, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


@pytest.mark.long
def test_the_demo_goes_through_from_the_installed_package(
    installed: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = {"PATH": f"{installed}:/usr/bin:/bin", "HOME": str(folder), "CGR_DATA_DIR": str(folder / "data")}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    where = run("python", "-c", "import cgr, sys; print(cgr.__file__, *sys.path)")
    assert where.stdout.startswith(str(installed.parent))
    assert str(ROOT) not in where.stdout
    done = run("cgr", "demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    assert "The demo went through." in done.stdout + done.stderr
