"""Carry what GeoPrism Registry (0.15 to 1.6) gives as JSON over into a configuration of ours, and name what can't be.

Its API gives types, hierarchies and synchronization configurations one by one or in lists; which one a document is
follows from its keys. Facts about them come from its published source. Nothing is guessed: what its files don't say
(kinds of attributes without their type, passwords, options that it let people leave unmapped) becomes a line to read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any

_GEOMETRIES: Final = {
    "POINT": "point",
    "MULTIPOINT": "multipoint",
    "LINE": "line",
    "MULTILINE": "multiline",
    "POLYGON": "polygon",
    "MULTIPOLYGON": "multipolygon",
    "MIXED": "mixed",
}
_KINDS: Final = {
    "character": "text",
    "local": "localized_text",
    "integer": "integer",
    "float": "decimal",
    "date": "date",
    "boolean": "boolean",
    "term": "term",
    "classification": "term",
}
# Every type of GeoPrism Registry has these; ours have them without being attributes.
_BUILT_IN: Final = frozenset(
    {"uid", "code", "displayLabel", "exists", "invalid", "type", "sequence", "geometry", "createDate", "lastUpdateDate"}
)
_SYNC_TYPES: Final = {"ALL": "both", "ORG_UNITS": "org_units", "RELATIONSHIPS": "relationships", "NONE": "none"}
_FIELDS: Final = frozenset(
    {"name", "shortName", "code", "openingDate", "closedDate", "description", "comment", "url"}
) | {
    "contactPerson",
    "address",
    "email",
    "phoneNumber",
}
_SOURCES: Final = {"displayLabel": "label", "code": "code"}


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


def carry_over(files: dict[str, Json], *, organization: str) -> CarriedOver:
    """Carry the documents over, by the name of their file. `organization`: of what doesn't say its own."""
    carried = CarriedOver(organization)
    documents = [(name, one) for name, content in files.items() for one in _each(content)]
    # Types first: what maps an attribute asks what kind it has.
    for wanted, carry in ((_is_type, _type), (_is_hierarchy, _hierarchy), (_is_sync, _sync)):
        for _, one in documents:
            if wanted(one):
                carry(one, carried)
    for name, one in documents:
        if not (_is_type(one) or _is_hierarchy(one) or _is_sync(one)):
            carried.miss(
                name, "holds something that is neither a type, a hierarchy nor a synchronization configuration"
            )
    return carried


def _each(content: Json) -> list[Json]:
    if isinstance(content, dict):
        for key in ("resultSet", "types", "hierarchies"):  # pages and bundles of its API
            if isinstance(content.get(key), list):
                return [one for part in content.values() if isinstance(part, list) for one in part]
        return [content]
    return content if isinstance(content, list) else [content]


def _is_type(one: Json) -> bool:
    return isinstance(one, dict) and "geometryType" in one and "code" in one


def _is_hierarchy(one: Json) -> bool:
    return isinstance(one, dict) and "rootGeoObjectTypes" in one and "code" in one


def _is_sync(one: Json) -> bool:
    return isinstance(one, dict) and isinstance(one.get("configuration"), dict) and "system" in one


def _type(one: Json, carried: CarriedOver) -> None:
    code = str(one["code"])
    where = f"type {code}"
    attributes = []
    for given in one.get("attributes") or ():
        name = str(given.get("code", given.get("name")))
        if name in _BUILT_IN:
            continue
        kind = _KINDS.get(str(given.get("type")))
        if kind is None:
            carried.miss(where, f'attribute "{name}" is of a kind that has no like here ({given.get("type")})')
            continue
        attribute = {"code": name, "label": _label(given.get("label"), name), "kind": kind}
        if kind == "term":
            attribute["terms"] = _tree(given, where=f'{where}, attribute "{name}"', carried=carried)
        attributes.append(attribute)
        if given.get("required") or given.get("unique"):
            carried.miss(where, f'attribute "{name}" was required or unique; here it is neither')
    if one.get("superTypeCode"):
        carried.miss(
            where, f'it belonged to the group of types "{one["superTypeCode"]}"; its attributes are its own here'
        )
    if one.get("isPrivate"):
        carried.miss(where, "it was private; here members of other organizations never see it, and API consumers do")
    carried.types[code] = {
        "code": code,
        "organization": _organization(one, carried),
        "label": _label(one.get("label"), code),
        "geometry": _GEOMETRIES.get(str(one.get("geometryType")).upper(), "none"),
        **({"attributes": attributes} if attributes else {}),
    }


def _tree(given: Json, *, where: str, carried: CarriedOver) -> str:
    root = given.get("rootTerm") or {}
    code = str(given.get("classificationType") or root.get("code") or given.get("code"))
    if code not in carried.terms:
        below = _terms(root)
        if not below:
            carried.miss(where, f'its file doesn\'t hold the terms below "{code}": add them to terms')
        carried.terms[code] = {"code": code, "label": _label(root.get("label"), code), "terms": below}
    return code


def _terms(term: Json) -> list[Json]:
    found = []
    for one in term.get("children") or ():
        below = _terms(one)
        code = str(one.get("code"))
        found.append({"code": code, "label": _label(one.get("label"), code), **({"terms": below} if below else {})})
    return found


def _hierarchy(one: Json, carried: CarriedOver) -> None:
    code = str(one["code"])

    def grow(nodes: Json) -> dict[str, Json]:
        tree = {}
        for node in nodes or ():
            if inherited := node.get("inheritedHierarchyCode"):
                carried.miss(
                    f"hierarchy {code}",
                    f'"{node.get("geoObjectType")}" stands where "{inherited}" says: write inherits: {inherited}, and '
                    "let the tree begin there",
                )
            tree[str(node.get("geoObjectType"))] = grow(node.get("children"))
        return tree

    carried.hierarchies[code] = {
        "code": code,
        "organization": _organization(one, carried),
        "label": _label(one.get("label"), code),
        "tree": grow(one.get("rootGeoObjectTypes")),
    }


def _sync(one: Json, carried: CarriedOver) -> None:
    label = _label(one.get("label"), "sync")
    text = label if isinstance(label, str) else label["default"]
    code, where = _code(text, carried.syncs), f'synchronization "{text}"'
    if one.get("isImport") or str(one.get("type", "DHIS2ExternalSystem")) != "DHIS2ExternalSystem":
        carried.miss(where, "isn't one from the registry to a DHIS2")
        return
    given = one["configuration"]
    hierarchy = given.get("hierarchyCode") or given.get("hierarchy") or ""
    if not hierarchy:
        carried.miss(where, "names no hierarchy, which every level had of its own: write it in")
    if given.get("date"):
        carried.miss(where, f"was run for the date {given['date']}; here a plan is made --as-of a date")
    if given.get("syncNonExistent"):
        carried.miss(
            where, "included places that don't exist at the date; here they keep their unit and get a closedDate"
        )
    carried.syncs[code] = {
        "code": code,
        "organization": _organization(one, carried),
        "label": label,
        "hierarchy": str(hierarchy),
        "system": _system(one, carried),
        "locale": _locale(given.get("preferredLocale")),
        "levels": [
            _level(level, where=f"{where}, level {number}", carried=carried)
            for number, level in enumerate(sorted(given.get("levels") or (), key=_depth), start=1)
        ],
    }


def _depth(level: Json) -> int:
    found = level.get("level")
    return found if isinstance(found, int) else 0


def _level(level: Json, *, where: str, carried: CarriedOver) -> dict[str, Json]:
    kind = str(level.get("geoObjectType"))
    groups = level.get("orgUnitGroupIds") or [level.get("orgUnitGroupId")]
    mapped: dict[str, Json] = {"type": kind, "sync": _SYNC_TYPES.get(str(level.get("type")), "none")}
    if level.get("type") not in _SYNC_TYPES:
        carried.miss(where, f"has the type {level.get('type')!r}, which has no like here: it only anchors parents")
    if groups := [group for group in groups if group]:
        mapped["groups"] = groups
    fields, attributes = {}, []
    for one in level.get("mappings") or level.get("attributes") or ():
        source, target = str(one.get("cgrAttrName") or one.get("name") or ""), one.get("externalId")
        strategy = str(one.get("attributeMappingStrategy") or "").rpartition(".")[2]
        if not source:
            continue
        if (wanted := str(one.get("dhis2AttrName") or "")) in _FIELDS:
            if ours := _source(source, strategy, where=where, carried=carried):
                fields[wanted] = ours
        elif one.get("isOrgUnitGroup") or strategy == "DHIS2OrgUnitGroupAttributeMapping":
            attributes.append({"from": source, "groups": _mapped_terms(one, source, where=where, carried=carried)})
        elif target:
            terms = _mapped_terms(one, source, where=where, carried=carried) if one.get("terms") else None
            attributes.append({"from": source, "to": target, **({"terms": terms} if terms else {})})
        else:
            carried.miss(where, f'attribute "{source}" had no target')
    _know(kind, attributes, where=where, carried=carried)
    return {
        **mapped,
        **({"fields": fields} if fields else {}),
        **({"attributes": attributes} if attributes else {}),
    }


def _source(source: str, strategy: str, *, where: str, carried: CarriedOver) -> str | None:
    if source == "exists":
        if strategy == "DHIS2EndDateAttributeMapping":
            return "exists.end"
        if strategy == "DHIS2StartDateAttributeMapping":
            return "exists.start"
        carried.miss(where, "whether a place exists was sent as a value; here its dates are sent")
        return None
    if strategy in {"DHIS2StartDateAttributeMapping", "DHIS2EndDateAttributeMapping"}:
        carried.miss(where, f'the dates of the value of "{source}" were sent; here only values are')
        return None
    return _SOURCES.get(source, f"attribute:{source}")


def _mapped_terms(one: Json, source: str, *, where: str, carried: CarriedOver) -> dict[str, str]:
    terms = {str(term): target for term, target in (one.get("terms") or {}).items()}
    for term in sorted(term for term, target in terms.items() if not target):
        carried.miss(where, f'term "{term}" of "{source}" was left unmapped and then dropped; here that is a problem')
    return {term: str(target) for term, target in terms.items() if target}


def _know(kind: str, attributes: list[Json], *, where: str, carried: CarriedOver) -> None:
    """Make a type that no file describes, and attributes that it lacks, of what the level maps; say what to look at."""
    if kind not in carried.types:
        carried.types[kind] = {"code": kind, "organization": carried.organization, "label": kind, "attributes": []}
        carried.labels.setdefault(carried.organization, carried.organization)
        carried.miss(where, f'no file describes the type "{kind}": look at its label, geometry and attributes')
    known = carried.types[kind].setdefault("attributes", [])
    for one in attributes:
        if one["from"] in {attribute["code"] for attribute in known}:
            continue
        terms = one.get("terms") or one.get("groups")
        attribute = {"code": one["from"], "label": one["from"], "kind": "term" if terms else "text"}
        if terms:
            attribute["terms"] = one["from"]
            carried.terms.setdefault(
                one["from"],
                {
                    "code": one["from"],
                    "label": one["from"],
                    "terms": [{"code": term, "label": term} for term in terms],
                },
            )
        known.append(attribute)
        carried.miss(where, f'no file says the kind of "{one["from"]}" of "{kind}": it is made as {attribute["kind"]}')


def _system(one: Json, carried: CarriedOver) -> str:
    label = str(one.get("systemLabel") or one["system"])
    known = next((code for code, system in carried.systems.items() if system["label"] == label), None)
    if known:
        return known
    code = _code(label, carried.systems)
    carried.systems[code] = {
        "code": code,
        "organization": _organization(one, carried),
        "label": label,
        "url": "https://CHANGE-ME.example.org",
        "auth": {
            "kind": "basic",
            "username": "CHANGE-ME",
            "password": {"env": f"{code.upper().replace('-', '_')}_PASSWORD"},
        },
    }
    carried.miss(f'system "{label}"', "its address, user name and password aren't in the file: write the first two in")
    return code


def _organization(one: Json, carried: CarriedOver) -> str:
    code = str(one.get("organizationCode") or one.get("organization") or carried.organization)
    carried.labels.setdefault(code, code)
    return code


def _label(given: Json, otherwise: str) -> Json:
    if isinstance(given, str):
        return given
    if not isinstance(given, dict):
        return otherwise
    texts = {str(one.get("locale")): one.get("value") for one in given.get("localeValues") or ()}
    main = texts.pop("defaultLocale", None) or given.get("localizedValue") or otherwise
    others = {locale: text for locale, text in texts.items() if text}
    return {"default": main, **others} if others else main


def _locale(given: Json) -> str:
    return "default" if not given or given == "defaultLocale" else str(given)


def _code(label: str, taken: dict[str, Json]) -> str:
    plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in label.lower())
    base = "-".join(part for part in plain.split("-") if part)[:40] or "unnamed"
    return next(code for code in (base, *(f"{base}-{number}" for number in range(2, 1000))) if code not in taken)
