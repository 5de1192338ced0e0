"""Text as DHIS2 keeps it: which differences count, how it measures length, and what it can't store.

DHIS2 2.38 and later make one blank of every run of blanks in attribute values and trim nothing; earlier ones and the
plain fields keep all (verified fact H21 and section 8). So blanks never make a difference here, inside or at the ends.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LAST_OF_ONE_UNIT = "\uffff"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ASCII_WORDS = re.compile("[a-z0-9]+")
_ACCENTS = frozenset(map(chr, range(0x0300, 0x0370)))
"""Unicode's combining diacritical marks: what accents become when letters are decomposed."""


def normal(text: str | None) -> str | None:
    """Trim and make every run of blanks one blank; nothing but blanks is None."""
    return " ".join(text.split()) or None if text else None


def same_text(ours: str | None, theirs: str | None) -> bool:
    """Say whether both are the same text for DHIS2: blanks normalised, empty equal to absent."""
    return ours == theirs or normal(ours) == normal(theirs)


def length(text: str) -> int:
    """Count as Java does, in UTF-16 units: DHIS2's limits (E4001) are in these."""
    if text.isascii():
        return len(text)
    return len(text) + sum(character > _LAST_OF_ONE_UNIT for character in text)


def refusal(text: str, limit: int | None) -> str | None:
    """Say why DHIS2 can't store the text in a field of `limit` UTF-16 units (None: unlimited), or None."""
    if limit is not None and (units := length(text)) > limit:
        return f"it has {units} characters, DHIS2 takes at most {limit}"
    # PostgreSQL has no NUL in text, and JSON has no half of a surrogate pair.
    if unstorable := _UNSTORABLE.search(text):
        return f"it contains a character that DHIS2 can't store (U+{ord(unstorable.group()):04X})"
    return None


@lru_cache(maxsize=16_384)  # forms and suggestions compare the same names again and again
def folded(text: str) -> str:
    """Leave case, accents on Latin letters and punctuation out of a comparison; other scripts' marks are letters."""
    if text.isascii():  # most texts are, and there are many
        return " ".join(_ASCII_WORDS.findall(text.lower()))
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (character for character in decomposed if character not in _ACCENTS)
    return " ".join("".join(" " if _is_separator(character) else character for character in kept).split())


def _is_separator(character: str) -> bool:
    return unicodedata.category(character)[0] in "PSZC"
