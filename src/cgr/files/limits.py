"""How much a file may hold before it is refused, and the errors that say so."""

from __future__ import annotations

from typing import Final

from cgr.core.errors import BadInput

MOST_BYTES: Final = 200 * 2**20
"""Of the file as it is given."""
MOST_UNPACKED_BYTES: Final = 1024 * 2**20
"""Of all that an archive holds."""
MOST_TIMES_UNPACKED: Final = 200
"""How many times its own size an archive may unpack to: real tables reach about 30."""
MOST_ROWS: Final = 1_000_000
MOST_COLUMNS: Final = 1_000
MOST_CELL_CHARACTERS: Final = 100_000


def unreadable(message: str, next_step: str) -> BadInput:
    """Give the error about a file that can't be used."""
    return BadInput(message, code="bad-file", next_step=next_step)


def too_large(what: str) -> BadInput:
    """Give the error about a file that is larger than anybody needs."""
    return unreadable(f"The file is too large: {what}.", "Split it, or leave out what isn't imported.")
