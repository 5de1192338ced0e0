"""Whole numbers in an address, a form or a header, where anybody may have typed anything."""

from __future__ import annotations

from typing import Final

INTEGER: Final = 2**31 - 1
"""The largest that a column of PostgreSQL's type `integer` holds."""

BIGINT: Final = 2**63 - 1
"""The same of `bigint`, which keys are."""


def whole_number(text: str, *, most: int = BIGINT) -> int | None:
    """Give the number from 0 to `most` that a text is; None for anything else, however many digits it has."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most))):
        return None
    number = int(text)
    return number if number <= most else None
