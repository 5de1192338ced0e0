"""What differs from run to run (ids the server makes, times, tokens, ETags) and stands for the same thing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from cgr.sandbox.recordings.recording import UID

# Every recording was made on one day; a time of another day was sent by the recorder and must come back exactly.
RECORDED_TIME: Final = re.compile(r"2026-11-23T\d\d:\d\d:\d\d\.\d{3}")
ANY_TIME: Final = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")
# Milliseconds since 1970, the random ending of the folder an app of 2.43 lies in, an object's address in Jetty, UUIDs.
_LONG_NUMBER: Final = re.compile(
    r"(?<![\d.-])\d{10,}(?![\d.])|(?<=_)[A-Za-z0-9]{44}\b|(?<=Default404Servlet-)[0-9a-f]{8}\b"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
)
_DURATION: Final = re.compile(r"(?<=took )[\d.]+(?= )|\b\d+ h, \d+ m, \d+ s\b")
# The children that keep a unit from being deleted are named in the order of a hash table.
_CHILDREN: Final = re.compile(r"(?<=OrganisationUnit \()[^()]*(?=\))")
_SPACES: Final = re.compile(r"[\s\u00a0]+")
RECORDED_HOST: Final = "https://dhis2.example.org"


@dataclass(slots=True)
class Aliases:
    """Pairs of a recorded and a live name, one to one; a pair once made must hold to the end of the scenario."""

    generated: frozenset[str]
    live_of: dict[str, str] = field(default_factory=dict)
    recorded_of: dict[str, str] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)

    def bind(self, recorded: str, live: str) -> None:
        """Say that the two are the same thing."""
        self.live_of[recorded] = live
        self.recorded_of[live] = recorded

    def same(self, recorded: str, live: str) -> bool:
        """Tell whether two ids may stand for the same thing, and remember them as such."""
        if recorded in self.live_of or live in self.recorded_of:
            return self.live_of.get(recorded) == live
        if recorded not in self.generated or not UID.fullmatch(live):
            return recorded == live
        self.bind(recorded, live)
        return True

    def same_text(self, recorded: str, live: str) -> bool:
        """Compare two texts but for ids, times, long numbers, the host and kinds of white space."""
        ours, theirs = self._plain(live, ANY_TIME), self._plain(recorded, RECORDED_TIME)
        if UID.sub("\0", theirs) != UID.sub("\0", ours):
            return False
        return all(self.same(*pair) for pair in zip(UID.findall(theirs), UID.findall(ours), strict=True))

    def rewritten(self, text: str) -> str:
        """Put the live names and times into a recorded request."""
        text = RECORDED_TIME.sub(lambda match: self.times.get(match[0], match[0]), text)
        return UID.sub(lambda match: self.live_of.get(match[0], match[0]), text)

    @staticmethod
    def _plain(text: str, times: re.Pattern[str]) -> str:
        text = _LONG_NUMBER.sub("#", times.sub("@", text.replace(RECORDED_HOST, "http://localhost")))
        text = _CHILDREN.sub(lambda names: ",".join(sorted(names[0].split(","))), _DURATION.sub("#", text))
        return _SPACES.sub(" ", text).strip()
