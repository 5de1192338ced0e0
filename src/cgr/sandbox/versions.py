"""The releases this sandbox can be, and the messages of the HTTP layer that differ between them."""

from __future__ import annotations

from typing import Final

# Newest patch release that was recorded or compared for each minor one (api.md, head; verified-facts.md, head).
RELEASES: Final = {
    "2.31": "2.31.9",
    "2.32": "2.32.7",
    "2.33": "2.33.9",
    "2.34": "2.34.2",
    "2.35": "2.35.14",
    "2.36": "2.36.13",
    "2.37": "2.37.10",
    "2.38": "2.38.7",
    "2.39": "2.39.10.1",
    "2.40": "2.40.12",
    "2.41": "2.41.9.1",
    "2.42": "2.42.5.2",
    "2.43": "2.43.1",
}

# The build that was recorded; other releases get a made-up one.
REVISIONS: Final = {
    "2.31.9": "86fbbf7",
    "2.34.2": "121c10a",
    "2.36.13": "a1d8106",
    "2.38.7": "56cd710",
    "2.40.12": "82b6022",
    "2.42.5.2": "91f1f41",
    "2.43.1": "9cbfbf3",
}

# Numbers allowed in /api/NN/ (api.md section 0; 2.38 accepts its own number + 1).
_API_NUMBERS: Final = {
    31: (26, 31),
    32: (28, 32),
    33: (28, 33),
    34: (28, 34),
    35: (28, 35),
    36: (28, 36),
    37: (28, 38),
    38: (28, 39),
    39: (28, 39),
    40: (28, 42),
    41: (28, 42),
    42: (28, 42),
    43: (28, 43),
}


def release(version: str) -> str:
    """Give the full release for "2.42" or for a release that was named in full; ValueError for one we can't be."""
    minor = ".".join(version.split(".")[:2])
    if minor not in RELEASES:
        message = f"no behaviour is known for DHIS2 {version}; choose one of {', '.join(RELEASES)}"
        raise ValueError(message)
    return RELEASES[minor] if version == minor else version


def parse(version: str) -> tuple[int, ...]:
    """Give "2.42.5.2" as (2, 42, 5, 2)."""
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("."))


def api_numbers(version: tuple[int, ...]) -> range:
    """Give the numbers that may stand in /api/NN/."""
    low, high = _API_NUMBERS[version[1]]
    return range(low, high + 1)
