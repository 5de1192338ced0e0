"""What was carried over so far, and how things are called in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any


@dataclass
class CarriedOver:
    """A configuration in the shape of our file, and a line for each thing that isn't in it."""

    organization: str
    labels: dict[str, Json] = field(default_factory=dict)
    terms: dict[str, Json] = field(default_factory=dict)
    types: dict[str, Json] = field(default_factory=dict)
    hierarchies: dict[str, Json] = field(default_factory=dict)
    systems: dict[str, Json] = field(default_factory=dict)
    syncs: dict[str, Json] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Json]:
        """Give the configuration as our file has it; what is empty isn't there."""
        sections = {
            "organizations": [{"code": code, "label": label} for code, label in self.labels.items()],
            "terms": [*self.terms.values()],
            "types": [*self.types.values()],
            "hierarchies": [*self.hierarchies.values()],
            "systems": [*self.systems.values()],
            "syncs": [*self.syncs.values()],
        }
        return {"version": 1, **{name: content for name, content in sections.items() if content}}

    def miss(self, where: str, what: str) -> None:
        """Note a thing that isn't carried over, or has to be looked at."""
        self.left_out.append(f"{where}: {what}")


def organization_of(one: Json, carried: CarriedOver) -> str:
    """Give the code of the organization that a thing belongs to, which is made of its code."""
    code = str(one.get("organizationCode") or one.get("organization") or carried.organization)
    carried.labels.setdefault(code, code)
    return code


def label_of(given: Json, otherwise: str) -> Json:
    """Give a label in our form, texts by language; `otherwise`: where there is none."""
    if isinstance(given, str):
        return given
    if not isinstance(given, dict):
        return otherwise
    texts = {str(one.get("locale")): one.get("value") for one in given.get("localeValues") or ()}
    main = texts.pop("defaultLocale", None) or given.get("localizedValue") or otherwise
    others = {locale: text for locale, text in texts.items() if text}
    return {"default": main, **others} if others else main


def free_code(label: str, taken: dict[str, Json]) -> str:
    """Make a code of a label that isn't `taken` yet."""
    plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in label.lower())
    base = "-".join(part for part in plain.split("-") if part)[:40] or "unnamed"
    return next(code for code in (base, *(f"{base}-{number}" for number in range(2, 1000))) if code not in taken)
