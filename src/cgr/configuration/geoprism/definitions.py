"""Types with their attributes and terms, and hierarchies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cgr.configuration.geoprism.carried import label_of, organization_of

if TYPE_CHECKING:
    from cgr.configuration.geoprism.carried import CarriedOver, Json

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


def carry_type(one: Json, carried: CarriedOver) -> None:
    """Carry a type over with its attributes, and the terms that they draw from."""
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
        attribute = {"code": name, "label": label_of(given.get("label"), name), "kind": kind}
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
        "organization": organization_of(one, carried),
        "label": label_of(one.get("label"), code),
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
        carried.terms[code] = {"code": code, "label": label_of(root.get("label"), code), "terms": below}
    return code


def _terms(term: Json) -> list[Json]:
    found = []
    for one in term.get("children") or ():
        below = _terms(one)
        code = str(one.get("code"))
        found.append({"code": code, "label": label_of(one.get("label"), code), **({"terms": below} if below else {})})
    return found


def carry_hierarchy(one: Json, carried: CarriedOver) -> None:
    """Carry a hierarchy over with its tree of types."""
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
        "organization": organization_of(one, carried),
        "label": label_of(one.get("label"), code),
        "tree": grow(one.get("rootGeoObjectTypes")),
    }
