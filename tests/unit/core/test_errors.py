"""An error quotes what people and servers wrote; it must be fit for a terminal, a page and a JSON document."""

from __future__ import annotations

import msgspec
import pytest

from cgr.core.errors import BadInput


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("Santé\u202f: 卫生部", "Santé\u202f: 卫生部"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\x00b\x9b", "a\\x00b\\x9b"),
        ("bytes that are no text: \udcff", "bytes that are no text: \\udcff"),
    ],
)
def test_an_error_writes_out_what_could_not_be_printed_or_would_steer_a_terminal(quoted: str, shown: str) -> None:
    error = BadInput(quoted, code="x", next_step=quoted)
    assert (error.message, error.next_step, str(error)) == (shown, shown, shown)
    assert msgspec.json.decode(msgspec.json.encode(error.as_json()))["error"]["message"] == shown
