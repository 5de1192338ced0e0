"""The form that says what the columns of a file are: a mapping as fields of a form, and back."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.translation import gettext, gettext_lazy

from cgr.core.dates import date_problem
from cgr.core.localized import DEFAULT
from cgr.core.rows import RowAttribute, RowMapping, RowParent, RowPoint
from cgr.core.texts import folded
from cgr.files import Choice
from cgr.imports.files import FileRequest
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.http import QueryDict

    from cgr.core.records import Localized, OurAttribute, OurType
    from cgr.files.looking import Look
    from cgr.imports.offering import Place

_LONGEST: Final = 300
_LONGEST_LIST: Final = 20_000
_NOT_KEPT: Final = ("csrfmiddlewaretoken", "do", "template")
_PLAIN: Final = ("code", "external_id", "exists_start", "exists_end", "valid_from_column")
_TIMES: Final = ("valid_from", "valid_to")
DATE_FORMATS: Final = ("yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yyyy", "dd.mm.yyyy", "dd-mm-yyyy")
LAYER, POINT = "layer", "point"
"""Where a geometry comes from, as the form writes it."""

_WITH_COMMA: Final = re.compile(r"\s*-?[0-9]+,[0-9]+\s*")
_USUAL_NAMES: Final = {
    "code": ("code",),
    f"label-{DEFAULT}": ("name", "label", "nom", "libellé", "libelle"),
    "longitude": ("longitude", "long", "lon", "lng", "x"),
    "latitude": ("latitude", "lat", "y"),
}
"""Field → columns that are taken for it until somebody says otherwise, and sees it before anything is done."""

BY: Final = {
    "code": gettext_lazy("by code"),
    "label": gettext_lazy("by label"),
    "external_id": gettext_lazy("by external id"),
    "path": gettext_lazy("by the path of DHIS2"),
}


@dataclass(frozen=True)
class Offered:
    """What a form can choose from. `shape`: the chosen type; `places`: the hierarchies in which it stands."""

    look: Look
    types: Mapping[str, OurType]
    shape: OurType | None
    places: list[Place]
    systems: list[tuple[str, str]]


def typed(form: QueryDict) -> dict[str, str]:
    """Take what a form says."""
    return {
        name[:_LONGEST]: str(value)[: _LONGEST_LIST if name.startswith("synonyms-") else _LONGEST]
        for name, value in form.items()
        if name not in _NOT_KEPT
    }


def said_by(request: FileRequest) -> dict[str, str]:
    """Write a remembered mapping as the fields of the form."""
    mapping = request.mapping
    said = {"type": request.type, "system": request.system or "", "hierarchy": mapping.hierarchy or ""}
    said |= {name: getattr(mapping, name) or "" for name in (*_PLAIN, *_TIMES, "sheet")}
    said |= {name: getattr(mapping, name) for name in ("match", "strategy", "empty", "date_format")}
    said |= {f"label-{language}": "" for language in (DEFAULT, *_languages())}
    said |= {f"label-{language}": column for language, column in mapping.labels().items()}
    said["geometry"] = ""
    if isinstance(mapping.geometry, RowPoint):
        point = mapping.geometry
        said |= {"geometry": POINT, "longitude": point.longitude, "latitude": point.latitude}
        said["comma-geometry"] = "1" if point.decimal_comma else ""
    elif mapping.geometry:
        said["geometry"] = LAYER
    for entry in mapping.attributes:
        to = entry.to
        said[f"from-{to}" if entry.language == DEFAULT else f"from-{to}|{entry.language}"] = entry.source
        said |= {f"format-{to}": entry.format, f"comma-{to}": "1" if entry.decimal_comma else ""}
        said |= {f"true-{to}": ", ".join(entry.true), f"false-{to}": ", ".join(entry.false)}
        said |= {f"term-{to}|{text}": term for text, term in (entry.terms or {}).items()}
    for parent in mapping.parents:
        said |= {f"parent-{parent.type}": parent.column, f"by-{parent.type}": parent.by}
        said[f"synonyms-{parent.type}"] = "\n".join(f"{here} = {there}" for here, there in parent.synonyms.items())
    return said


def choice_said(said: Mapping[str, str]) -> Choice:
    """Give how the file shall be read; what isn't said is told from its content."""
    # A tab that is typed into a field is lost on the way; the form has a word for it.
    delimiter = {"tab": "\t"}.get(said.get("delimiter", ""), said.get("delimiter", ""))
    return Choice(said.get("sheet") or None, said.get("encoding", "").strip() or None, delimiter or None)


class ColumnsForm:
    """What was said about one file, with what can be chosen; `errors`: field → what is wrong with it."""

    def __init__(self, said: Mapping[str, str], offered: Offered) -> None:
        """Take both."""
        self.said = said
        self.offered = offered
        self.errors: dict[str, str] = {}
        look = offered.look
        self.columns = [name for name, times in Counter(look.columns).items() if name and times == 1]
        self.twice = [name for name, times in Counter(look.columns).items() if name and times > 1]
        self._by_name = {folded(name): name for name in reversed(self.columns)}
        self.place = self._place()

    def _place(self) -> Place | None:
        """Give the chosen hierarchy; until one is chosen, the only one there is."""
        places = self.offered.places
        asked = self.said.get("hierarchy")
        if asked is None:
            return places[0] if len(places) == 1 else None
        return next((one for one in places if one.code == asked), None)

    def value(self, name: str, otherwise: str = "") -> str:
        """Give what was said in a field."""
        return self.said.get(name, otherwise)

    def column(self, name: str, usual: Iterable[str] = ()) -> str:
        """Give the column that fills something: as was said, or else one that is called like it."""
        if name in self.said:
            return self.said[name]
        names = (*_USUAL_NAMES.get(name, ()), *usual)
        return next((self._by_name[folded(one)] for one in names if folded(one) in self._by_name), "")

    def geometry(self) -> str:
        """Give where geometries come from."""
        if "geometry" in self.said:
            return self.said["geometry"]
        if self.offered.look.has_geometry:
            return LAYER
        return POINT if self.column("longitude") and self.column("latitude") else ""

    def has_comma(self, name: str, column: str) -> bool:
        """Say whether decimals have a comma: as was said in a field, or else as the first rows of a column have."""
        if name in self.said:
            return self.said[name] == "1"
        look = self.offered.look
        place = look.columns.index(column) if column in self.columns else len(look.columns)
        return any(place < len(cells) and _WITH_COMMA.fullmatch(cells[place]) for _, cells in look.rows)

    def request(self, file: str) -> FileRequest | None:
        """Give what is asked for; None where `errors` say what is wrong."""
        self.errors = {}
        shape = self.offered.shape
        if shape is None:
            self.errors["type"] = gettext("Choose what the rows are.")
            return None
        labels = {language: self._used(f"label-{language}") for language in (DEFAULT, *_languages(self.said))}
        look, choice = self.offered.look, choice_said(self.said)
        mapping = RowMapping(
            label={language: column for language, column in labels.items() if column} or None,
            attributes=tuple(self._attributes(shape)),
            geometry=self._geometry(shape),
            hierarchy=self.place.code if self.place is not None and (self._parents()) else None,
            parents=tuple(self._parents()),
            match="external_id" if self.value("match") == "external_id" else "code",
            strategy=_one_of(self.value("strategy"), ("new_and_update", "new_only", "update_only")),
            empty=_one_of(self.value("empty"), ("ignore", "clear")),
            date_format=self.value("date_format") or DATE_FORMATS[0],
            sheet=look.sheet if len(look.sheets) > 1 else None,
            encoding=choice.encoding,
            delimiter=choice.delimiter,
            **{name: self._used(name) or None for name in _PLAIN},
            **{name: self.value(name) or None for name in _TIMES},
        )
        system = self.value("system") or None
        self._look_over(mapping, system)
        return None if self.errors else FileRequest(file=file, type=shape.code, mapping=mapping, system=system)

    def _used(self, name: str, usual: Iterable[str] = ()) -> str:
        column = self.column(name, usual)
        if column and column not in self.columns:
            text = gettext("The file has no column “%(column)s”.") if column not in self.twice else gettext(
                "The file has more than one column “%(column)s”; give them different names."
            )  # fmt: skip
            self.errors[name] = text % {"column": column}
        return column

    def _attributes(self, shape: OurType) -> Iterable[RowAttribute]:
        for code, attribute in shape.attributes.items():
            for name, language in attribute_fields(attribute, self.said):
                column = self._used(name, _called(code, attribute.label) if language == DEFAULT else ())
                if not column:
                    continue
                terms = {
                    text: term
                    for text, term in _after(self.said, f"term-{code}|").items()
                    if term and attribute.kind == "term"
                }
                usual = RowAttribute(to=code, source=column)
                yield RowAttribute(
                    to=code,
                    source=column,
                    terms=terms or None,
                    format=self.value(f"format-{code}") or usual.format,
                    true=_words(self.value(f"true-{code}")) or usual.true,
                    false=_words(self.value(f"false-{code}")) or usual.false,
                    decimal_comma=attribute.kind == "decimal" and self.has_comma(f"comma-{code}", column),
                    language=language,
                )

    def _geometry(self, shape: OurType) -> RowPoint | bool | None:
        asked = self.geometry()
        if shape.geometry == "none" or not asked:
            return None
        if asked == LAYER:
            if not self.offered.look.has_geometry:
                self.errors["geometry"] = gettext("The file has no geometry of its own; choose two columns.")
            return True
        pair = self._used("longitude"), self._used("latitude")
        for name, column in zip(("longitude", "latitude"), pair, strict=True):
            if not column:
                self.errors[name] = gettext("Choose the column.")
        return RowPoint(*pair, decimal_comma=self.has_comma("comma-geometry", pair[0]))

    def _parents(self) -> list[RowParent]:
        if self.place is None:
            return []
        found = []
        for code, label in self.place.above:
            column = self._used(f"parent-{code}", _called(code, label))
            if column:
                by: Any = _one_of(self.value(f"by-{code}"), tuple(BY))
                found.append(RowParent(type=code, column=column, by=by, synonyms=self._synonyms(f"synonyms-{code}")))
        if found and found[-1].type != self.place.above[-1][0]:
            self.errors[f"parent-{self.place.above[-1][0]}"] = gettext(
                "Choose the column of the parent itself, or none above it."
            )
        return found

    def _synonyms(self, name: str) -> dict[str, str]:
        found = {}
        for line in filter(str.strip, self.value(name).splitlines()):
            here, sign, there = (part.strip() for part in line.partition("="))
            if not (here and sign and there):
                self.errors[name] = gettext("Write one synonym on each line: in the file = in the registry.")
            found[here] = there
        return found

    def _look_over(self, mapping: RowMapping, system: str | None) -> None:
        """Say at its field what doesn't fit together; what the registry alone can judge is judged with the request."""
        key = mapping.match
        if not getattr(mapping, key):
            self.errors.setdefault(key, gettext("Choose the column by which rows find their objects."))
        by_ids = any(parent.by in {"external_id", "path"} for parent in mapping.parents)
        if (mapping.external_id or by_ids) and system is None:
            self.errors["system"] = gettext("Choose the system that the external ids belong to.")
        for name in _TIMES:
            if (day := getattr(mapping, name)) and date_problem(day):
                self.errors[name] = gettext("This is no day; write it like 2026-01-31.")
        if mapping.valid_to is None or {"valid_from", "valid_to"} & self.errors.keys():
            return
        if mapping.valid_from is None:
            self.errors["valid_from"] = gettext("A period that ends needs its beginning, too.")
        elif mapping.valid_to <= mapping.valid_from:
            self.errors["valid_to"] = gettext("The end has to come after the beginning.")
        if mapping.exists_start or mapping.exists_end:
            self.errors["valid_to"] = gettext(
                "Beginning and end of existence aren't values of a period: leave them out, or leave out the end."
            )


def attribute_fields(attribute: OurAttribute, said: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give the fields that name a column for an attribute, each with its language."""
    fields = [(f"from-{attribute.code}", DEFAULT)]
    if attribute.kind == "localized_text":
        known = {*_languages(), *_after(said, f"from-{attribute.code}|")}
        fields += [(f"from-{attribute.code}|{language}", language) for language in sorted(known)]
    return fields


def label_fields(said: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give the fields that name a column for the label, each with its language."""
    return [(f"label-{language}", language) for language in (DEFAULT, *_languages(said))]


def _languages(said: Mapping[str, str] | None = None) -> list[str]:
    others = {code for code, _ in settings.LANGUAGES if code != "en"}
    return sorted(others | {code for code in _after(said or {}, "label-") if code != DEFAULT})


def _called(code: str, label: Localized) -> list[str]:
    return [in_reader_language(label), *label.values(), code]


def _after(said: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): text for name, text in said.items() if name.startswith(prefix)}


def _one_of(asked: str, choices: tuple[Any, ...]) -> Any:  # noqa: ANN401 - one of the literals of a mapping
    return asked if asked in choices else choices[0]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for one in text.split(",") if (word := one.strip()))
