"""Makes bad input from good: seeded, so that what failed once fails again.

Two ways: in the bytes (cut, doubled, exchanged, spliced with what readers stumble over), and in the structure (a value
exchanged for one of another kind, a key lost, something nested deep).
"""

from __future__ import annotations

import copy
import json
from random import Random
from typing import TYPE_CHECKING, Any, Final

from cgr.core.errors import CgrError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

COUNT: Final = 5_000

NASTY: Final = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\r", b"\n", b"\t", b"\x1b[2J", b"\x85",
    b"\xe2\x80\xae",
    b'"', b"'", b"\\", b"\\ud800", b"\\u0000", b"{", b"}", b"[", b"]", b"{}", b"[]", b",", b":", b"null", b"true",
    b"NaN",
    b"Infinity", b"-", b"0", b"-1", b"1e400", b"1e-400", b"9" * 25, b"9" * 5000, b"0x1F", b"1_000", b"0o7", b"1:30",
    b"2001-02-30", b"0000-00-00", b"10000-01-01", b"9999-12-31", b"2001-1-1", b"&a ", b"*a", b"&a [*a]", b"<<: ",
    b"<<: [1]",
    b"? ", b"? [1]\n: 2", b"!!binary x", b"!!python/object:os.system x", b"!!timestamp 2001-99-99", b"!!set {a}",
    b"!!int x",
    b"!!float x", b"!!bool x", b"!!omap [a]", b"!!pairs x", b"!!null x", b"!", b"%YAML 9.9\n---\n", b"---\n",
    b"...\n", b"|\n",
    b">-\n", b"- ", b"#", b"@", b"`", b"javascript:", b"//", b"://", b"@", b"[::1", b"[::ffff:1.2.3.4]", b"%00",
    b"%zz", b"..",
    b"?a=b", b"#f", b":0", b":99999", b"\xe3\x80\x82", b"\xc2\xad", b"xn--", b"\xf0\x9f\x8f\xa5", b"a" * 3000,
)  # fmt: skip
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**63, -(2**70), 1.5, 1e308, "", " ", "x", "default", "\x00", "\u0000a", "\ud800",
    "a" * 3000,
    "٣", "²", "2001-02-30", "2001-01-01", "0000-01-01", "9999-12-31", "OK", "ERROR", "DiszpKrYNg8", "[DiszpKrYNg8]",
    "none",
    [], [None], [[]], {}, {"": None}, {"default": None}, {"default": "x"}, {"a": {"a": {"a": []}}}, [1, "a", {}],
    ["x", "x"],
    {"from": None, "to": None}, {"from": "x", "value": 1}, [{"from": "2001-01-01", "to": "2000-01-01", "value": 1}],
    {"type": "Point", "coordinates": [1e400, "x"]}, {"type": "Polygon", "coordinates": [[]]}, {"type": "Point"},
    {"env": "NOWHERE"}, {"file": "/nowhere/at/all"}, {"file": "\x00"}, {"env": ""},
)  # fmt: skip


def mutants_of_bytes(seeds: Sequence[bytes], *, count: int = COUNT, seed: int = 0) -> Iterator[bytes]:
    """Give that many changed seeds."""
    random = Random(seed)  # noqa: S311 - to repeat a failure, not to hide a secret
    for number in range(count):
        content = bytearray(seeds[number % len(seeds)])
        for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
            _change_bytes(content, random)
        yield bytes(content)


def _change_bytes(content: bytearray, random: Random) -> None:
    at = random.randrange(len(content) + 1)
    length = random.choice((1, 1, 2, 5, 20))
    match random.randrange(7):
        case 0:
            content[at : at + length] = b""
        case 1:
            content[at:at] = content[at : at + 10 * length]
        case 2 if at < len(content):
            content[at] ^= 1 << random.randrange(8)
        case 3:
            del content[at:]
        case 4:
            content[at : at + length] = random.randbytes(length)
        case 5:
            content[at : at + length] = random.choice(NASTY)
        case _:
            content[at:at] = random.choice(NASTY)


def mutants_of_values(seeds: Sequence[Any], *, count: int = COUNT, seed: int = 0) -> Iterator[Any]:
    """Give that many changed seeds; a seed is what JSON can say."""
    random = Random(seed)  # noqa: S311 - to repeat a failure, not to hide a secret
    for number in range(count):
        holder = [copy.deepcopy(seeds[number % len(seeds)])]
        for _ in range(random.choice((1, 1, 2, 4))):
            _change_value(holder, random)
        yield holder[0]


def _change_value(holder: list[Any], random: Random) -> None:
    parent, key = random.choice(list(_places(holder)))
    match random.randrange(6):
        case 0 if parent is not holder:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[str(random.choice(VALUES))[:50]] = parent.pop(key)
        case 2:
            other, place = random.choice(list(_places(holder)))
            parent[key] = copy.deepcopy(other[place])
        case 3:
            value = parent[key]
            for _ in range(random.choice((1, 3, 50))):
                value = [value] if random.random() < 0.5 else {"default": value}
            parent[key] = value
        case _:
            parent[key] = copy.deepcopy(random.choice(VALUES))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def as_json(value: object) -> bytes:
    """Write a mutant; half a character or an infinite number as a careless tool does."""
    return json.dumps(value, ensure_ascii=True).encode()


def told_in_words(read: Callable[[], object]) -> bool:
    """Whether it was refused. Fails for anything but an error in words for the person who will read them."""
    try:
        read()
    except CgrError as refusal:
        told = refusal
    else:
        return False
    assert told.message.strip()
    assert told.next_step.strip()
    assert told.code
    assert told.exit_status != CgrError.exit_status  # the fault isn't ours
    (told.message + told.next_step).encode()  # can be printed and sent
    return True
