"""Writes the sentences of the rooms below the pages into their French catalogue; a test fails when it is stale.

Errors, problems, notes and next steps are written in English where they arise, as literals and f-strings, and stored
with runs. This script reads them out of the sources as templates with named places ("Run {run_pk} has ended already:
{run_state}.") and keeps src/cgr/web/locale/fr/LC_MESSAGES/sentences.po in step: a new one gets an empty translation to
be filled in, what is gone leaves. `cgr.web.sentences` finds the template of a sentence again, and says it in French.

Run it after a change of words, fill in what it names, and run it again: .venv/bin/python scripts/write_sentences.py
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from sentences_of_sources import SOURCES, templates

if TYPE_CHECKING:
    from collections.abc import Mapping

CATALOGUE = SOURCES / "web" / "locale" / "fr" / "LC_MESSAGES" / "sentences.po"

_HEAD = """# The sentences of errors, problems, notes and next steps. The English ones come from the sources:
# scripts/write_sentences.py adds and removes them. {places} stand for what differs; each has to stand in both.
msgid ""
msgstr ""
"Language: fr\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
_ENTRY = re.compile(r'^msgid (".+")\nmsgstr (".*")$', re.MULTILINE)


def translations(text: str) -> dict[str, str]:
    """Read a catalogue as this script writes it: English → French, empty where there is none yet."""
    return {ast.literal_eval(english): ast.literal_eval(french) for english, french in _ENTRY.findall(text)}


def catalogue(french: Mapping[str, str]) -> str:
    """Give the text of the catalogue for the sources as they are now."""
    entries = [
        f"\n#: {' '.join(modules)}\nmsgid {_quoted(english)}\nmsgstr {_quoted(french.get(english, ''))}\n"
        for english, modules in templates().items()
    ]
    return _HEAD + "".join(entries)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


if __name__ == "__main__":
    known = translations(CATALOGUE.read_text("utf-8")) if CATALOGUE.exists() else {}
    CATALOGUE.write_text(catalogue(known), "utf-8")
    for sentence in templates():
        if not known.get(sentence):
            print(f"no French yet: {sentence}")
    subprocess.run(["msgfmt", CATALOGUE, "-o", CATALOGUE.with_suffix(".mo")], check=True)  # noqa: S603, S607 - our own file
