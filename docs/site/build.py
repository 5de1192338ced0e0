"""Build the documents as pages that the app serves under /docs: `make docs`. Needs no network.

`build.py FOLDER` builds them somewhere else.

The sources are written to be read where they lie, with links that lead out of `docs/` (to SECURITY.md, NOTICE) and a
README.md in a folder as its first page. A site can't follow either, so they are laid out for it in a folder of their
own first: what is linked outside comes along below `project/`, and README.md becomes index.md.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from sphinx.cmd.build import build_main

HERE: Final = Path(__file__).resolve().parent
DOCS: Final = HERE.parent
ROOT: Final = DOCS.parent
SITE: Final = ROOT / "src" / "cgr" / "web" / "built_docs"

LINK: Final = re.compile(r"(\]\()([^)\s#]+)")
NAVIGATION: Final = """
```{{toctree}}
:hidden:
:caption: {caption}
{pages}
```
"""
PARTS: Final = (
    ("Learn", "tutorial", ()),
    ("Do", "how-to", ()),
    ("Look up", "reference", ("glossary",)),
    ("Understand", "explanation", ("decisions/index",)),
    ("The project", "project", ()),
)


class Layout:
    """Which file goes where, found by following links from the documents outwards."""

    def __init__(self) -> None:
        """Begin with everything below docs/."""
        self.places: dict[Path, Path] = {}
        self.waiting: list[Path] = []
        for path in sorted(DOCS.rglob("*")):
            if path.is_file() and HERE not in path.parents:
                self.place(path)

    def place(self, path: Path) -> Path:
        """Give where a file goes; one that wasn't known comes along from now on."""
        if path not in self.places:
            inside = path.relative_to(DOCS) if DOCS in path.parents else Path("project") / path.relative_to(ROOT)
            if path.name == "README.md":
                inside = inside.with_name("index.md")
            self.places[path] = inside
            self.waiting.append(path)
        return self.places[path]

    def lay_out(self, folder: Path) -> None:
        """Write all of them, links rewritten."""
        while self.waiting:
            path = self.waiting.pop()
            content = path.read_bytes()
            if path.suffix == ".md":
                content = self._relinked(content.decode(), path).encode()
            into = folder / self.places[path]
            into.parent.mkdir(parents=True, exist_ok=True)
            into.write_bytes(content)

    def _relinked(self, text: str, page: Path) -> str:
        def relinked(found: re.Match[str]) -> str:
            target = (page.parent / found[2]).resolve()
            if "://" in found[2] or not target.is_file():
                return found[0]
            return found[1] + os.path.relpath(self.place(target), self.place(page).parent)

        return LINK.sub(relinked, text)


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def _navigation(pages: list[Path]) -> str:
    """Give the column of titles: all pages by what they are for, the decisions by their list alone."""
    parts = []
    for caption, folder, besides in PARTS:
        inside = sorted(page.with_suffix("").as_posix() for page in pages if page.parts[0] == folder)
        if names := [*inside, *besides]:
            parts.append(NAVIGATION.format(caption=caption, pages="\n".join(names)))
    return "".join(parts)


def main(site: Path) -> int:
    """Lay the sources out and build them; any warning is an error."""
    with tempfile.TemporaryDirectory(prefix="cgr-docs-") as folder:
        sources = Path(folder) / "sources"
        layout = Layout()
        layout.lay_out(sources)
        pages = [place for place in layout.places.values() if place.suffix == ".md"]
        _append(sources / "index.md", _navigation([page for page in pages if page != Path("index.md")]))
        decisions = sorted(page.stem for page in pages if page.parts[0] == "decisions" and page.stem != "index")
        _append(sources / "decisions" / "index.md", NAVIGATION.format(caption="Decisions", pages="\n".join(decisions)))
        shutil.rmtree(site, ignore_errors=True)
        options = ["-b", "html", "-q", "--fail-on-warning", "--keep-going", "-c", str(HERE), "-d", f"{folder}/doctrees"]
        status = build_main([*options, str(sources), str(site)])
    (site / ".buildinfo").unlink(missing_ok=True)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else SITE))
