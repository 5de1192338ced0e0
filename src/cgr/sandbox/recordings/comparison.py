"""Compares a reply of the sandbox with the recorded one; every rule that forgives something gives its reason here."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cgr.sandbox.recordings.aliases import ANY_TIME, RECORDED_HOST, RECORDED_TIME, Aliases

if TYPE_CHECKING:
    from cgr.sandbox.recordings.recording import Json

# The recordings' README: order inside these isn't fixed. Reports come in the order of Java's hash tables.
_UNORDERED: Final = frozenset(
    {
        "attributeValues",
        "translations",
        "authorities",
        "typeReports",
        "objectReports",
        "errorReports",
        "errorProperties",
    }
)
# Lists inside an object are sets (members of a group, children), except these.
_ORDERED: Final = frozenset({"options", "ancestors", "coordinates", "redirectUris", "grantTypes"})
_IDENTITY: Final = ("id", "uid", "klass", "property", "errorCode", "name")
# Texts of the Java, JSON and SQL libraries under DHIS2: they change with the library, nobody can rely on them.
_LIBRARY_TEXT: Final = re.compile(
    r"reference chain|\bjava\.|javax\.|jakarta\.|org\.hibernate|com\.fasterxml|postgres|could not execute"
    r"|JSON parse error|Cannot (?:de)?(?:serialize|construct|parse)|Unrecognized|Unexpected|line: \d|Exception"
    r"|deserialize|JSON property|Cannot invoke|For input string|ERROR: |out of bounds|transient instance"
    r"|null value in column|not-null property"
)
# Hidden by the recorder; inside a longer text it stands for a token without blanks.
_HIDDEN: Final = re.compile(
    r"d2pat_<PAT>|<(?:removed|system id|value|token|password|secret|session|key|access_token|refresh_token|id_token"
    r"|consent-state|code(?:-\d)?)>"
)
_SECONDS_PASSED: Final = 2
_SHOWN: Final = 260
# Pages people read: what matters of them is which one it is.
_SIGN_IN_PAGES: Final = frozenset({"Consent required", "OAuth2 Confirm Access", "OAuth2 Error"})
_CONTAINER_TITLE: Final = re.compile(r"HTTP Status \d|Error \d")
_TITLE: Final = re.compile(r"<title>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_CONTAINER_MESSAGE: Final = re.compile(r"<b>Message</b>(.*?)</p>", re.DOTALL | re.IGNORECASE)


@dataclass(slots=True)
class Comparison:
    """Compares the replies of one scenario; keeps what it learnt about ids and times from one to the next."""

    aliases: Aliases
    last_updated: dict[str, tuple[str, str]] = field(default_factory=dict)

    def json(self, recorded: Json, live: Json, where: str = "") -> list[str]:
        """Name every difference between two JSON values."""
        match recorded, live:
            case dict(), dict():
                return self._objects(recorded, live, where)
            case list(), list() if where.rpartition(".")[2] in _UNORDERED or _names_authorities(recorded):
                return self.unordered(recorded, live, where)
            case list(), list():
                return self._lists(recorded, live, where)
        return [] if self._same_value(recorded, live, where) else [_told(where, recorded, live)]

    def _same_value(self, recorded: Json, live: Json, where: str) -> bool:
        match recorded, live:
            case str(), _ if _HIDDEN.fullmatch(recorded):
                return live not in (None, "")
            case str(), str():
                return self.text(recorded, live)
            case int(), int() if where.endswith(".expires_in"):
                return abs(recorded - live) <= _SECONDS_PASSED
            case ((int() | float()), (int() | float())) if isinstance(recorded, bool) is isinstance(live, bool):
                return _same_number(recorded, live)
        return recorded is None and live is None

    def text(self, recorded: str, live: str) -> bool:
        """Tell whether two texts say the same."""
        if recorded == live:
            return True
        if RECORDED_TIME.match(recorded) and ANY_TIME.match(live):
            self.aliases.times[recorded[:23]] = live[:23]
            return recorded[23:] == live[23:]
        if _LIBRARY_TEXT.search(recorded):
            return live != ""
        if _HIDDEN.search(recorded):
            return bool(re.fullmatch(r"[^\s&\"]+".join(map(re.escape, _HIDDEN.split(recorded))), live))
        return self.aliases.same_text(recorded, live)

    def page(self, recorded: str, live: str) -> list[str]:
        """Compare two HTML pages by title and by the message of the servlet container, other texts as a whole."""
        title = _found(_TITLE, recorded)
        if title in _SIGN_IN_PAGES:
            return [] if title == _found(_TITLE, live) else [_told("page", title, live)]
        if not _CONTAINER_TITLE.match(title):
            return [] if self.text(recorded, live) else [_told("page", recorded, live)]
        differences = []
        for pattern in (_TITLE, _CONTAINER_MESSAGE):
            theirs, ours = _found(pattern, recorded), _found(pattern, live)
            if not self.text(theirs, ours):
                differences.append(_told("page", theirs, ours))
        return differences

    def _objects(self, recorded: dict[str, Json], live: dict[str, Json], where: str) -> list[str]:
        differences = []
        live = {self.aliases.recorded_of.get(key, key): value for key, value in live.items()}
        if missing := [key for key in recorded if key not in live]:
            differences.append(f"{where}: without {', '.join(missing)}")
        if extra := [key for key in live if key not in recorded]:
            differences.append(f"{where}: with {', '.join(extra)}")
        for key in sorted(recorded.keys() & live.keys(), key=lambda name: name not in _IDENTITY):
            theirs, ours = recorded[key], live[key]
            if "id" in recorded and isinstance(theirs, list) and isinstance(ours, list) and key not in _ORDERED:
                differences += self.unordered(theirs, ours, f"{where}.{key}")
            else:
                differences += self.json(theirs, ours, f"{where}.{key}")
        return differences + self._moved(recorded, live, where)

    def _moved(self, recorded: dict[str, Json], live: dict[str, Json], where: str) -> list[str]:
        """`lastUpdated` of an object must change when the recorded one did, and only then (verified facts R10, S7)."""
        uid, theirs, ours = recorded.get("id"), recorded.get("lastUpdated"), live.get("lastUpdated")
        if not (isinstance(uid, str) and isinstance(theirs, str) and isinstance(ours, str)):
            return []
        before = self.last_updated.get(uid)
        self.last_updated[uid] = (theirs, ours)
        if before is None or (before[0] == theirs) == (before[1] == ours):
            return []
        return [f"{where}.lastUpdated of {uid}: {'moved' if before[0] == theirs else 'did not move'}"]

    def _lists(self, recorded: list[Json], live: list[Json], where: str) -> list[str]:
        if len(recorded) != len(live):
            return [f"{where}: {len(live)} entries, recorded {len(recorded)}: {_short(live)} / {_short(recorded)}"]
        return [
            difference
            for number, (theirs, ours) in enumerate(zip(recorded, live, strict=True))
            for difference in self.json(theirs, ours, f"{where}[{number}]")
        ]

    def unordered(self, recorded: list[Json], live: list[Json], where: str) -> list[str]:
        """Pair the entries that agree; what is left over on both sides is compared in order."""
        if len(recorded) != len(live):
            return self._lists(recorded, live, where)
        left, theirs_left = list(live), []
        for theirs in recorded:
            for number, ours in enumerate(left):
                if not self._trial(theirs, ours, where):
                    self.json(theirs, left.pop(number), where)
                    break
            else:
                theirs_left.append(theirs)
        return self._lists(theirs_left, left, where)

    def _trial(self, recorded: Json, live: Json, where: str) -> list[str]:
        """Compare without learning anything, because the two may not belong together."""
        aliases = Aliases(self.aliases.generated, dict(self.aliases.live_of), dict(self.aliases.recorded_of))
        return Comparison(aliases, dict(self.last_updated)).json(recorded, live, where)


def media_family(content_type: object) -> str:
    """Reduce a Content-Type to what a client acts on: json, html, xml, javascript, csv, gzip or nothing."""
    text = content_type.lower() if isinstance(content_type, str) else ""
    for family in ("gzip", "json", "html", "xml", "javascript", "csv"):
        if family in text:
            return family
    return text.partition(";")[0]


def _names_authorities(recorded: list[Json]) -> bool:
    """Tell a list of authorities, which comes in the order of a hash table also where it is the whole reply."""
    return bool(recorded) and all(isinstance(name, str) and name.startswith(("F_", "M_", "ALL")) for name in recorded)


def _same_number(recorded: float, live: float) -> bool:
    if isinstance(recorded, int) and recorded > 10**12 and isinstance(live, int) and live > 10**12:
        return True  # milliseconds since 1970
    return recorded == live


def _found(pattern: re.Pattern[str], page: str) -> str:
    match = pattern.search(page)
    return html.unescape(match[1]).strip() if match else ""


def _told(where: str, recorded: Json, live: Json) -> str:
    return f"{where}: {_short(live)}, recorded {_short(recorded)}"


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False).replace(RECORDED_HOST, "")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
