"""Reading the documents as the tests need them: sections, tables, blocks of code, links."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *DOCS.rglob("*.md")])

_HEADING = re.compile(r"(#{1,6}) (.+)")


def text_of(path: str) -> str:
    """The text of a file of the project."""
    return (ROOT / path).read_text("utf-8")


def headings(page: str) -> list[tuple[int, int, str]]:
    """Line number, rank and title of each heading; what looks like one inside a block of code is none."""
    found, in_code = [], False
    for number, line in enumerate(page.splitlines()):
        if line.startswith("```"):
            in_code = not in_code
        elif not in_code and (match := _HEADING.fullmatch(line)):
            found.append((number, len(match[1]), match[2]))
    return found


def section(path: str, title: str) -> str:
    """What stands below a heading of a page, up to the next heading of the same or a higher rank."""
    page = text_of(path)
    below = [(number, rank) for number, rank, named in headings(page) if named == title]
    assert below, f"{path} has no section {title!r}"
    first, rank = below[0]
    last = next((number for number, other, _ in headings(page) if number > first and other <= rank), None)
    return "\n".join(page.splitlines()[first + 1 : last]) + "\n"


def table_codes(text: str) -> set[str]:
    """The codes that open a row of a table."""
    return set(re.findall(r"^\| `([a-z0-9_-]+)` \|", text, re.MULTILINE))


def blocks(text: str, language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shown_json(path: str, key: str) -> dict[str, dict[str, object]]:
    """The JSON document on a page that has this key."""
    documents = map(json.loads, blocks(text_of(path), "json"))
    return next(document for document in documents if key in document)


def anchors(page: Path) -> set[str]:
    """The anchors that headings get, as the usual hosts make them."""
    titles = (title for _, _, title in headings(page.read_text("utf-8")))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    """The links of a page into the project."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    return [link for link in found if not re.match(r"[a-z]+:", link)]
