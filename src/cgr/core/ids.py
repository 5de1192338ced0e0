"""DHIS2 ids: their shape, and the id that a new unit gets.

The id of a new unit is derived, not drawn: the same object planned twice asks for the same id, so a repeat after a
crash meets its own unit instead of making a second one (R9.4).
"""

from __future__ import annotations

import hashlib
import re
import string

_UID = re.compile(r"[a-zA-Z][a-zA-Z0-9]{10}")
_HELD = re.compile(r"[a-zA-Z0-9_-]{11}")
_LETTERS = string.ascii_uppercase + string.ascii_lowercase
_LETTERS_AND_DIGITS = string.digits + _LETTERS
_LENGTH = 11


def is_uid(text: object) -> bool:
    """Say whether this is a well-formed DHIS2 id: a letter and ten letters or digits, ASCII (E4014)."""
    return isinstance(text, str) and _UID.fullmatch(text) is not None


def may_be_uid(text: object) -> bool:
    """Say whether a DHIS2 may hold this as an id: up to 2.38 it stores a digit in front and dashes, too (section 8)."""
    return isinstance(text, str) and _HELD.fullmatch(text) is not None


def derive_uid(system: str, object_uid: str, attempt: int) -> str:
    """Give the id for a new unit: spread evenly over all ids; `attempt` counts on from 0 while the id is taken."""
    # The separator can't be part of a code or uid, so no two askers share a text.
    asked = f"{system}\n{object_uid}\n{attempt}".encode()
    # 256 bits over 52 times 62^10 ids (about 2^65): the remainders are even to one part in 2^190.
    number = int.from_bytes(hashlib.sha256(asked).digest(), "big")
    number, first = divmod(number, len(_LETTERS))
    characters = [_LETTERS[first]]
    for _ in range(_LENGTH - 1):
        number, place = divmod(number, len(_LETTERS_AND_DIGITS))
        characters.append(_LETTERS_AND_DIGITS[place])
    return "".join(characters)
