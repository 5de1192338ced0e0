"""What the product runs on: pinned by hash, installed as pinned, licensed, and without known holes.

The first three need no network. Known holes are looked up by uv where its service can be reached, and the test is
skipped by name where it can't: a list of our own would be old on the day it is committed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from importlib.metadata import Distribution

REQUIREMENTS = Path(__file__).parents[3] / "requirements"
FILES = ("runtime.txt", "dev.txt", "tools.txt")
UV = Path(sys.executable).parent / "uv"
_PERMISSIVE = re.compile(r"\b(MIT|BSD|Apache|ISC|PSF|Zlib|0BSD|CC0|MIT-0)\b", re.IGNORECASE)
# MPL and LGPL: docs/decisions/copyleft-as-it-is.md
_USED_AS_THEY_ARE = {"certifi", "psycopg", "psycopg-binary", "psycopg-pool"}


def pinned(file: str) -> list[tuple[Requirement, int]]:
    """What a file requires, and how many hashes each has."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", (REQUIREMENTS / file).read_text("utf-8"))
    return [
        (Requirement(entry.partition("\\")[0].strip()), len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)))
        for entry in entries
    ]


def here(file: str) -> list[Requirement]:
    """What it requires on this machine."""
    return [one for one, _ in pinned(file) if one.marker is None or one.marker.evaluate()]


@pytest.mark.parametrize("file", FILES)
def test_every_requirement_is_one_version_with_its_hashes_and_no_file_holds_an_address(file: str) -> None:
    entries = pinned(file)
    assert len(entries) > 2
    loose = [str(one) for one, hashes in entries if [pin.operator for pin in one.specifier] != ["=="] or not hashes]
    assert not loose
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links|git\+", (REQUIREMENTS / file).read_text("utf-8"))


def test_what_is_installed_is_what_is_pinned() -> None:
    differing = {one.name: found for one in here("runtime.txt") if (found := _installed(one.name)) not in one.specifier}
    assert not differing


def _installed(name: str) -> str:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return "0"


@pytest.mark.parametrize("name", sorted({one.name for one in here("runtime.txt")}))
def test_its_licence_lets_us_and_our_users_use_it(name: str) -> None:
    found = licence(distribution(name))
    assert name in _USED_AS_THEY_ARE or _PERMISSIVE.search(found), f"{name}: {found}"


def licence(package: Distribution) -> str:
    """What a package says of its licence, in one of the three places where packages do."""
    said = package.metadata
    classifiers = [one for one in said.get_all("Classifier") or () if one.startswith("License")]
    return " ".join([said.get("License-Expression") or "", said.get("License") or "", *classifiers])


def test_no_hole_is_known_in_it(tmp_path: Path) -> None:
    names = "".join(f'    "{str(one).replace(chr(34), chr(39))}",\n' for one in here("runtime.txt"))
    project = f'[project]\nname = "audited"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = [\n{names}]\n'
    (tmp_path / "pyproject.toml").write_text(project)
    impatient = {**os.environ, "UV_HTTP_TIMEOUT": "10", "UV_HTTP_RETRIES": "0", "UV_PYTHON": sys.executable}
    command = [str(UV), "audit", "--preview-features", "audit"]
    found = subprocess.run(
        command, cwd=tmp_path, env=impatient, capture_output=True, text=True, check=False, timeout=300
    )
    if "client error" in found.stderr or "error sending request" in found.stderr:
        pytest.skip("the service that knows of holes (or the package registry) can't be reached from here")
    assert found.returncode == 0, found.stdout + found.stderr
