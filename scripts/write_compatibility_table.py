"""Writes the table of docs/reference/compatibility.md from the product's data; a test fails when the two differ."""

from __future__ import annotations

import re
from pathlib import Path

from cgr.dhis2 import compatibility_table

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "compatibility.md"
_MARKS = re.compile(r"(?<=<!-- table -->\n).*?(?=<!-- end of table -->)", re.DOTALL)


def page(text: str) -> str:
    """Give the page with the table as the data have it now."""
    head = "| DHIS2 | import | sync | OAuth2 | personal access token | how verified |\n|---|---|---|---|---|---|\n"
    rows = compatibility_table()
    notes = list(dict.fromkeys(row.notes for row in rows if row.notes))
    table = "".join(
        f"| {row.name}{f' [{notes.index(row.notes) + 1}]' if row.notes else ''} | {row.importing} | {row.syncing} |"
        f" {row.oauth2} | {row.tokens} | {row.verified} |\n"
        for row in rows
    )
    told = "".join(f"{number}. {note}\n" for number, note in enumerate(notes, start=1))
    return _MARKS.sub(lambda _: f"\n{head}{table}\n{told}\n", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
