"""Sentences of the rooms below in the reader's language: what went wrong, what is noted, what to do.

The rooms speak English, to the command line and to scripts too, and what they say of a run is stored with it. So a
sentence is found again here by its form: the catalogue `sentences.po` holds every one as a template with named places,
as scripts/write_sentences.py reads them out of the sources. What stands in the places is told likewise where it is a
sentence or a word of ours; names stay as they are, and so does what DHIS2, a system or a library said itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from gettext import GNUTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from django.utils.translation import get_language
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cgr.core.errors import CgrError

_LOCALE: Final = Path(__file__).parent / "locale"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_GROUPED: Final = re.compile(r"-?\d{1,3}(,\d{3})+")
_BETWEEN: Final = re.compile(r"(, |; | and | or )")
_QUOTES: Final = ('"', "“", "`", "«\u00a0")
_LISTS: Final = frozenset({"names", "types", "what", "shares", "groups", "words", "levels", "found"})
"""Places that can hold several words, beside those called listed."""
_QUOTED: Final = frozenset(
    {"message", "report_message", "refusal_message", "error", "excerpt", "reply", "said", "error_strerror"}
)
"""Places in which DHIS2, a library or the operating system speaks, or we do, quoting them."""
_ENOUGH: Final = 20
"""So many characters of a sentence have to be ours to be told from what others say: "… is not …" is anybody's."""
_OPEN: Final = frozenset({"why", "reason", "problem", "problem_message", "error_message", "refusal", "notes"})
"""Places in which we speak; what isn't known there is in English, too."""
_OF_WORDS: Final = frozenset({"end_state", "key", "kind", "moved", "part", "run_state", "what", "word", "words"})
"""Places in which a single word can be ours; in others it is a code or a name, even if it reads like one of ours."""
_OF_FIELDS: Final = frozenset({"changed_fields"})
"""Places that hold fields of a unit, each with what becomes of it: "Name: A → B; Short name: – → C"."""
_NONE: Final = "none"
_JOINTS: Final = {"fr": {" and ": " et ", " or ": " ou ", "; ": "\u202f; ", ": ": "\u00a0: "}}
_QUOTATION: Final = re.compile(r"[“\"]([^“”\"]+)[”\"]")
_MARKS: Final = {"fr": "«\u00a0\\1\u00a0»"}
_NARROW: Final = "\u202f"


class Part(Struct, frozen=True, gc=False):
    """A piece of a sentence; `foreign`: it isn't in the language of the page but in English, as it came."""

    text: str
    foreign: bool = False


def told(text: str) -> tuple[Part, ...]:
    """Say a sentence in the language of the page; one that isn't known is foreign as a whole."""
    catalogue = _catalogue(get_language() or "en")
    return catalogue.told(text) if catalogue is not None else (Part(text),)


def in_reader_words(text: str) -> str:
    """Give `told` as plain text, for where no language can be marked."""
    return "".join(part.text for part in told(text))


def refusal(error: CgrError) -> str:
    """Say as one text what happened and what to do, for a field or a message on the next page."""
    return f"{in_reader_words(error.message)} {in_reader_words(error.next_step)}"


class _Template:
    """One sentence with places, in both languages. `needle`: the longest piece between places, for a quick look."""

    def __init__(self, english: str, translated: str) -> None:
        pieces = _PLACE.split(english)
        literals = pieces[::2]
        self.head = literals[0]
        self.needle = max(literals, key=len)
        self.weight = sum(map(len, literals))
        self.pieces = _PLACE.split(translated)
        seen: set[str] = set()
        pattern = ""
        self._names: set[str] = set()
        for place, piece in enumerate(pieces):
            if place % 2 == 0:
                pattern += re.escape(piece)
            elif piece in seen:
                pattern += f"(?P={piece})"
            else:
                seen.add(piece)
                pattern += f"(?P<{piece}>.*?)"
                if pieces[place - 1].endswith(_QUOTES):
                    self._names.add(piece)
        self._form = pattern
        self._compiled: re.Pattern[str] | None = None

    def match(self, text: str) -> dict[str, str] | None:
        """Give what stands in the places, if it is this sentence."""
        if self.needle not in text:
            return None
        if self._compiled is None:
            self._compiled = re.compile(self._form, re.DOTALL)
        found = self._compiled.fullmatch(text)
        return found.groupdict() if found is not None else None

    def ends_a_quotation(self, found: Mapping[str, str]) -> bool:
        """Say whether what stands in a quotation would end it; another sentence is likelier then."""
        return any('"' in found[place] for place in self._names)

    def is_name(self, place: str) -> bool:
        """Say whether a place stands in quotation marks: what is in it is somebody's own word."""
        return place in self._names


class _Catalogue:
    """All sentences of one language: whole ones by themselves, others by their first word where that is no place."""

    def __init__(self, language: str, translations: Mapping[str, str]) -> None:
        self._joints = _JOINTS.get(language, {})
        self._quotes = _MARKS.get(language, r"“\1”")
        self._whole: dict[str, str] = {}
        self._by_word: dict[str, list[_Template]] = {}
        self._others: list[_Template] = []
        for english, translated in translations.items():
            if not _PLACE.search(english):
                self._whole[english] = translated
                continue
            template = _Template(english, translated)
            word, blank, _ = template.head.partition(" ")
            (self._by_word.setdefault(word, []) if blank else self._others).append(template)
        for templates in (*self._by_word.values(), self._others):
            templates.sort(key=lambda one: -one.weight)  # the one that says most of the sentence itself
        self.told = lru_cache(maxsize=4096)(self._told)

    def _told(self, text: str) -> tuple[Part, ...]:
        return self._sentence(text) or (Part(text, foreign=True),)

    def _sentence(self, text: str, *, at_least: int = 0) -> tuple[Part, ...]:
        if text in self._whole and len(text) >= at_least:
            return (Part(self._whole[text]),)
        unlikely: tuple[Part, ...] = ()
        for template in self._candidates(text):
            found = template.match(text) if template.weight >= at_least else None
            if found is None:
                continue
            said = tuple(self._filled(template, found))
            if not template.ends_a_quotation(found):
                return said
            unlikely = unlikely or said
        return unlikely

    def _candidates(self, text: str) -> Iterator[_Template]:
        yield from self._by_word.get(text.partition(" ")[0], ())
        yield from self._others

    def _filled(self, template: _Template, found: Mapping[str, str]) -> Iterator[Part]:
        for place, piece in enumerate(template.pieces):
            if place % 2 == 0:
                if piece:
                    yield Part(piece)
            elif template.is_name(piece):
                yield Part(found[piece])
            else:
                yield from self._value(piece, found[piece])

    def _value(self, place: str, value: str) -> tuple[Part, ...]:
        """Say what stands in a place."""
        kind = place.rstrip("0123456789")
        if kind in _OF_FIELDS:
            return (Part(self._joints.get("; ", "; ").join(map(self._field, value.split("; ")))),)
        is_name = " " not in value and value != _NONE and kind not in _OF_WORDS
        if not is_name and (sentence := self._sentence(value, at_least=_ENOUGH if kind in _QUOTED else 0)):
            return sentence
        if _GROUPED.fullmatch(value):
            return (Part(value.replace(",", _NARROW)),)
        if (place.startswith("listed") or place in _LISTS) and len(items := _BETWEEN.split(value)) > 1:
            return tuple(self._listed(items))
        if kind in _QUOTED or kind in _OPEN:
            return (Part(value, foreign=True),)
        return (Part(_QUOTATION.sub(self._quotes, value)),)

    def _field(self, text: str) -> str:
        label, colon, words = text.partition(": ")
        name, bracket, locale = label.partition(" (")
        called = self._whole.get(name, name)
        return f"{called}{bracket}{locale}{self._joints.get(colon, colon)}{words}"

    def _listed(self, items: list[str]) -> Iterator[Part]:
        for place, item in enumerate(items):
            if place % 2:
                yield Part(self._joints.get(item, item))
            elif item:
                yield from (self._sentence(item) if " " in item else ()) or (Part(item),)


@lru_cache
def _catalogue(language: str) -> _Catalogue | None:
    path = _LOCALE / language / "LC_MESSAGES" / "sentences.mo"
    if not path.exists():
        return None
    with path.open("rb") as file:
        translations = cast(Any, GNUTranslations(file))
    # The library only looks sentences up; here they are gone through.
    catalogue: dict[str, str] = translations._catalog  # noqa: SLF001
    return _Catalogue(language, {english: translated for english, translated in catalogue.items() if english})
