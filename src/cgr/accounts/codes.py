"""What a code of a setting may look like: it stands in addresses, file names and on command lines."""

from __future__ import annotations

import re

from cgr.core.errors import BadInput

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")


def check_code(code: str, thing: str) -> None:
    """Refuse with BadInput what can't be a code; `thing` as in "an organization"."""
    if not _CODE.fullmatch(code):
        raise BadInput(
            f'"{code}" can\'t be the code of {thing}.',
            code="bad-code",
            next_step="Use up to 50 letters, digits, dots, hyphens and underscores, beginning with a letter or digit.",
        )
