"""How a value of each kind is typed into a form: its fields, what they say of a value, and the value they say."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from cgr.core.errors import BadInput
from cgr.core.geometry import bounds, from_geojson, to_geojson
from cgr.core.localized import DEFAULT
from cgr.web.sentences import in_reader_words
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cgr.core.records import Localized, OurAttribute


class Kind(Protocol):
    """One kind of value. Fields have names that begin with "value"; None stands for no value."""

    def fields(self) -> dict[str, forms.Field]:
        """Make the fields, none of them required."""

    def shown(self, value: object) -> dict[str, object]:
        """Give what the fields show of a value."""

    def read(self, given: Mapping[str, Any]) -> object:
        """Give the value that is typed; ValidationError when it can't be one."""


class Plain:
    """Text, dates, numbers: one field whose value is kept as it is."""

    def __init__(self, label: str, kind: str) -> None:
        """Take the field's label and the attribute's kind."""
        self._label, self._kind = label, kind

    def fields(self) -> dict[str, forms.Field]:
        """Make the field."""
        label = self._label
        match self._kind:
            case "date":
                widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
                return {"value": forms.DateField(label=label, required=False, widget=widget)}
            case "integer":
                return {"value": forms.IntegerField(label=label, required=False)}
            case "decimal":
                number = forms.NumberInput(attrs={"step": "any"})
                return {"value": forms.DecimalField(label=label, required=False, widget=number)}
            case _:
                return {"value": forms.CharField(label=label, required=False, max_length=50_000)}

    def shown(self, value: object) -> dict[str, object]:
        """Show it as it is."""
        return {"value": value}

    def read(self, given: Mapping[str, Any]) -> object:
        """Give it in the form that is stored."""
        value = given.get("value")
        if value in (None, ""):
            return None
        if self._kind == "date":
            return value.isoformat()
        if isinstance(value, Decimal):
            whole, number = int(value), float(value)
            if value == whole:
                return whole
            return number if Decimal(repr(number)) == value else str(value)
        return value


class YesOrNo:
    """A boolean; neither is possible, too."""

    def __init__(self, label: str) -> None:
        """Take the field's label."""
        self._label = label

    def fields(self) -> dict[str, forms.Field]:
        """Make the field."""
        choices = [("", "–"), ("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]
        return {"value": forms.ChoiceField(label=self._label, choices=choices, required=False)}

    def shown(self, value: object) -> dict[str, object]:
        """Show which."""
        return {"value": "" if value is None else "yes" if value else "no"}

    def read(self, given: Mapping[str, Any]) -> object:
        """Give which."""
        return {"yes": True, "no": False}.get(given.get("value", ""))


class Term:
    """One of the terms of a tree."""

    def __init__(self, label: str, terms: Mapping[str, Localized]) -> None:
        """Take the field's label and the terms by code."""
        self._label, self._terms = label, terms

    def fields(self) -> dict[str, forms.Field]:
        """Make the chooser."""
        choices = [("", "–"), *((code, in_reader_language(label)) for code, label in self._terms.items())]
        return {"value": forms.ChoiceField(label=self._label, choices=choices, required=False)}

    def shown(self, value: object) -> dict[str, object]:
        """Show which."""
        return {"value": value}

    def read(self, given: Mapping[str, Any]) -> object:
        """Give which."""
        return given.get("value") or None


class InLanguages:
    """Localized text: the main text, one for each language of the pages, and those that are there already."""

    def __init__(self, label: str, texts: Iterable[object]) -> None:
        """Take the field's label and the texts that the object has or had."""
        others = {key for text in texts if isinstance(text, dict) for key in text} - {DEFAULT}
        named = {code: name for code, name in settings.LANGUAGES if code != "en"}
        self._label = label
        self._languages = {code: named.get(code, code) for code in sorted({*others, *named})}

    def fields(self) -> dict[str, forms.Field]:
        """Make one for each language."""
        main = forms.CharField(label=self._label, required=False, max_length=1000)
        return {
            f"value_{DEFAULT}": main,
            **{
                f"value_{code}": forms.CharField(label=f"{self._label} – {name}", required=False, max_length=1000)
                for code, name in self._languages.items()
            },
        }

    def shown(self, value: object) -> dict[str, object]:
        """Show each text in its field."""
        return {f"value_{code}": text for code, text in value.items()} if isinstance(value, dict) else {}

    def read(self, given: Mapping[str, Any]) -> object:
        """Give the texts; the main one has to be there if any is."""
        texts = {code: text for code in (DEFAULT, *self._languages) if (text := given.get(f"value_{code}", "").strip())}
        if texts and DEFAULT not in texts:
            raise forms.ValidationError({f"value_{DEFAULT}": gettext("Give the main text, too.")})
        return texts or None


class Point:
    """A point by its latitude and longitude."""

    def fields(self) -> dict[str, forms.Field]:
        """Make the two."""
        number = {"step": "any"}
        return {
            "value_latitude": forms.FloatField(
                label=gettext_lazy("Latitude"),
                required=False,
                min_value=-90,
                max_value=90,
                widget=forms.NumberInput(attrs=number),
            ),
            "value_longitude": forms.FloatField(
                label=gettext_lazy("Longitude"),
                required=False,
                min_value=-180,
                max_value=180,
                widget=forms.NumberInput(attrs=number),
            ),
        }

    def shown(self, value: object) -> dict[str, object]:
        """Show where it is."""
        if not isinstance(value, bytes):
            return {}
        longitude, latitude, _, _ = bounds(value)
        return {"value_latitude": latitude, "value_longitude": longitude}

    def read(self, given: Mapping[str, Any]) -> object:
        """Give the point as WKB."""
        latitude, longitude = given.get("value_latitude"), given.get("value_longitude")
        if latitude is None and longitude is None:
            return None
        for name, number in (("value_latitude", latitude), ("value_longitude", longitude)):
            if number is None:
                raise forms.ValidationError({name: gettext("A place needs a latitude and a longitude.")})
        return from_geojson({"type": "Point", "coordinates": [longitude, latitude]})


class Outline:
    """Any other geometry, as GeoJSON."""

    def __init__(self, allowed: str) -> None:
        """Take the geometry type of the object's type."""
        self._allowed = allowed

    def fields(self) -> dict[str, forms.Field]:
        """Make the field to paste it into."""
        area = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
        return {"value": forms.CharField(label="GeoJSON", required=False, widget=area)}

    def shown(self, value: object) -> dict[str, object]:
        """Write it out."""
        return {"value": json.dumps(to_geojson(value))} if isinstance(value, bytes) else {}

    def read(self, given: Mapping[str, Any]) -> object:
        """Give it as WKB."""
        text = (given.get("value") or "").strip()
        if not text:
            return None
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError({"value": gettext("This is not GeoJSON.")}) from error
        if isinstance(found, dict) and found.get("type") == "Feature":
            found = found.get("geometry")
        try:
            return from_geojson(found, self._allowed)
        except BadInput as error:
            told = gettext("The geometry can’t be used: %(why)s")
            raise forms.ValidationError({"value": told % {"why": in_reader_words(error.message)}}) from error


class ParentCode:
    """A parent by its code; what is typed is looked up meanwhile."""

    def __init__(self, type_code: str, label: str) -> None:
        """Take the parent's type and its label."""
        self._type, self._label = type_code, label

    def fields(self) -> dict[str, forms.Field]:
        """Make the field with what it offers."""
        attributes = {
            "list": "candidates",
            "autocomplete": "off",
            "hx-get": reverse("explorer-candidates", args=[self._type]),
            "hx-trigger": "input changed delay:200ms",
            "hx-target": "#candidates",
        }
        label = gettext("Code of the parent (%(type)s)") % {"type": self._label}
        widget = forms.TextInput(attrs=attributes)
        return {"value": forms.CharField(label=label, required=False, max_length=100, widget=widget)}

    def shown(self, value: object) -> dict[str, object]:
        """Show the code."""
        return {"value": value}

    def read(self, given: Mapping[str, Any]) -> object:
        """Give the code."""
        return given.get("value") or None


class Nothing:
    """What has periods and no value: that the object exists."""

    def fields(self) -> dict[str, forms.Field]:
        """Make none."""
        return {}

    def shown(self, _value: object) -> dict[str, object]:
        """Show nothing."""
        return {}

    def read(self, _given: Mapping[str, Any]) -> object:
        """Give what stands for it."""
        return True


def kind_of_attribute(attribute: OurAttribute, texts: Iterable[object]) -> Kind:
    """Give how an attribute's values are typed."""
    label = in_reader_language(attribute.label)
    match attribute.kind:
        case "localized_text":
            return InLanguages(label, texts)
        case "boolean":
            return YesOrNo(label)
        case "term":
            return Term(label, attribute.terms or {})
        case kind:
            return Plain(label, kind)


def kind_of_geometry(allowed: str) -> Kind:
    """Give how a geometry of a type is typed."""
    return Point() if allowed == "point" else Outline(allowed)
