"""The `fields` parameter: `id,name,parent[id],!code,:owner,members~size,name~rename(label)`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(slots=True)
class Wanted:
    """One field a client asked for; `inner` is None when it named no fields of it."""

    name: str
    inner: FieldList | None = None
    shown_as: str = ""
    count_only: bool = False


@dataclass(slots=True)
class FieldList:
    """What a client asked for: single fields, presets (`:owner`, `*`) and exclusions."""

    wanted: dict[str, Wanted] = field(default_factory=dict)
    presets: list[str] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)


@lru_cache(maxsize=256)
def parse_fields(text: str) -> FieldList:
    """Read a `fields` parameter; what can't be read is left out, as the server does."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> FieldList:
        fields = FieldList()
        while self._at < len(self._text):
            character = self._text[self._at]
            if character in "])":
                self._at += 1
                break
            if character in ", ":
                self._at += 1
                continue
            self._read_one(fields)
        return fields

    def _read_one(self, fields: FieldList) -> None:
        name = self._name()
        if name.startswith(":") or name == "*":
            fields.presets.append(":all" if name == "*" else name)
        elif name.startswith("!"):
            fields.excluded.add(name[1:])
        elif name:
            wanted = Wanted(name, shown_as=name)
            self._read_suffixes(wanted)
            head, dot, rest = name.partition(".")
            if dot:
                wanted = Wanted(head, parse_fields(rest), head)
            known = fields.wanted.get(wanted.name)
            if known is None or known.inner is None:
                fields.wanted[wanted.name] = wanted

    def _name(self) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in ",[](~|":
            self._at += 1
        if self._at == start:
            self._at += 1  # a stray bracket: step over it
        return self._text[start : self._at].strip()

    def _read_suffixes(self, wanted: Wanted) -> None:
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == "[":
                self._at += 1
                wanted.inner = self.read()
            elif character in "~|" or self._text.startswith("::", self._at):
                self._at += 1
                operation = self._name()
                argument = ""
                if self._at < len(self._text) and self._text[self._at] == "(":
                    end = self._text.find(")", self._at)
                    argument = self._text[self._at + 1 : end]
                    self._at = end + 1
                if operation == "size":
                    wanted.count_only = True
                elif operation == "rename":
                    wanted.shown_as = argument
            else:
                return
