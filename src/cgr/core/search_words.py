"""What somebody looks for, as words in small letters without accents: `Hôpital de Bô` is found by `hopital bo`.

The database folds labels in the same way (`registry_words`, migration 0002 of the registry).
"""

from __future__ import annotations

import re
from typing import Final

_LETTERS: Final = str.maketrans(
    "àáâãäåāăąçćčďđèéêëēėęěğìíîïīįıłñńňòóôõöøōőřśşšťùúûüūůűýÿźżž",
    "aaaaaaaaacccddeeeeeeeegiiiiiiilnnnoooooooorssstuuuuuuuyyzzz",
    "",
)
_WORD: Final = re.compile(r"\w+")
_MOST_WORDS: Final = 8


def search_words(text: str) -> list[str]:
    """Give the words of a text, folded; not more than anybody types on purpose."""
    folded = text.lower().replace("œ", "oe").replace("æ", "ae").translate(_LETTERS).replace("_", " ")
    return _WORD.findall(folded)[:_MOST_WORDS]
