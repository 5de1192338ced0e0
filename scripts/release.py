"""Make a release: the changelog of its fragments, and a wheel whose bytes anybody can build again.

`release.py changelog` moves the fragments of changes/ to the head of CHANGELOG.md, under the version of pyproject.toml.
`release.py build` builds wheel and documents twice, compares, and writes the wheel and its checksum to dist/; it
refuses a tag that isn't the version, a checkout with changes, and fragments that nobody collected.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHANGES = ROOT / "changes"
CHANGELOG = ROOT / "CHANGELOG.md"
KINDS = {"security": "Security", "added": "Added", "changed": "Changed", "fixed": "Fixed"}
FRAGMENT = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")


class RefusedError(Exception):
    """Why nothing was released; what is said to whoever asked."""


def version() -> str:
    """Give the version of the package, as pyproject.toml says."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def fragments() -> dict[str, list[Path]]:
    """Give the fragments by kind; RefusedError for a file that is none."""
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for path in sorted(CHANGES.glob("*.md")):
        if path.name == "README.md":
            continue
        match = FRAGMENT.fullmatch(path.name)
        if match is None or not path.read_text("utf-8").strip():
            raise RefusedError(
                f"changes/{path.name} is empty, or isn't called NAME.KIND.md, KIND being {', '.join(KINDS)}"
            )
        found[match[1]].append(path)
    return found


def entry(number: str, day: str) -> str:
    """Give the part of the changelog about one version."""
    parts = [f"## {number} ({day})\n"]
    for kind, paths in fragments().items():
        if paths:
            lines = [" ".join(path.read_text("utf-8").split()) for path in paths]
            parts.append(f"### {KINDS[kind]}\n\n" + "\n".join(f"- {line}" for line in lines) + "\n")
    return "\n".join(parts)


def write_changelog(day: str) -> None:
    """Put the fragments at the head of the changelog and remove them; `day`: as yyyy-MM-dd."""
    collected = [path for paths in fragments().values() for path in paths]
    if not collected:
        raise RefusedError("there are no fragments in changes/")
    head, older = "# Changelog\n", ""
    if CHANGELOG.exists():
        text = CHANGELOG.read_text("utf-8")
        if f"\n## {version()} " in text:
            raise RefusedError(f"the changelog has {version()} already: raise the version in pyproject.toml first")
        older = text.removeprefix(head)
    CHANGELOG.write_text(f"{head}\n{entry(version(), day)}{older}", "utf-8")
    for path in collected:
        path.unlink()


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603, S607 - our own repository, by the git that is on the path


def check_releasable() -> None:
    """RefusedError unless what lies here is exactly what the tag of the version names."""
    if _git("status", "--porcelain"):
        raise RefusedError("the checkout has changes that aren't committed")
    if f"v{version()}" not in _git("tag", "--points-at", "HEAD").split():
        raise RefusedError(f"this commit isn't tagged v{version()}, the version of pyproject.toml")
    if any(fragments().values()):
        raise RefusedError("there are fragments in changes/ that aren't in the changelog yet")


def _built(folder: Path, epoch: str) -> Path:
    # The same command as in the Makefile, documents included, in an environment in which only the time is fixed.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    subprocess.run([sys.executable, "docs/site/build.py"], cwd=ROOT, env=environment, check=True)
    uv = str(Path(sys.executable).with_name("uv"))
    how = ["--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", str(folder)]
    subprocess.run([uv, "build", *how], cwd=ROOT, env=environment, check=True)  # noqa: S603 - the locked tool
    return next(folder.glob("*.whl"))


def build() -> Path:
    """Build twice and give the wheel in dist/; RefusedError when the bytes differ."""
    epoch = _git("log", "-1", "--format=%ct")
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        wheels = [_built(Path(folder), epoch) for folder in (first, second)]
        sums = {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels}
        if len(sums) != 1:
            raise RefusedError("built twice, the wheel has other bytes each time")
        into = ROOT / "dist" / wheels[0].name
        into.parent.mkdir(exist_ok=True)
        shutil.copy(wheels[0], into)
    into.with_suffix(".whl.sha256").write_text(f"{sums.pop()}  {into.name}\n", "utf-8")
    return into


def main(arguments: list[str]) -> int:
    """Do what is asked for; 2 with a reason when it is refused."""
    if arguments not in (["changelog"], ["build"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if arguments == ["changelog"]:
            write_changelog(_git("log", "-1", "--format=%cs"))
        else:
            check_releasable()
            print(build())
    except RefusedError as refused:
        print(f"Not released: {refused}.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
