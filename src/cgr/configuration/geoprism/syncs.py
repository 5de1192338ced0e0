"""Synchronizations, the systems that they name, and whatever of the registry only they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cgr.configuration.geoprism.carried import free_code, label_of, organization_of

if TYPE_CHECKING:
    from cgr.configuration.geoprism.carried import CarriedOver, Json

_SYNC_TYPES: Final = {"ALL": "both", "ORG_UNITS": "org_units", "RELATIONSHIPS": "relationships", "NONE": "none"}
_FIELDS: Final = frozenset(
    {
        "name",
        "shortName",
        "code",
        "openingDate",
        "closedDate",
        "description",
        "comment",
        "url",
        "contactPerson",
        "address",
        "email",
        "phoneNumber",
    }
)
_SOURCES: Final = {"displayLabel": "label", "code": "code"}


def carry_sync(one: Json, carried: CarriedOver) -> None:
    """Carry a synchronization over with its system, and what its levels map."""
    label = label_of(one.get("label"), "sync")
    text = label if isinstance(label, str) else label["default"]
    code, where = free_code(text, carried.syncs), f'synchronization "{text}"'
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
        "organization": organization_of(one, carried),
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
    _define_missing(kind, attributes, where=where, carried=carried)
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


def _define_missing(kind: str, attributes: list[Json], *, where: str, carried: CarriedOver) -> None:
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
    code = free_code(label, carried.systems)
    carried.systems[code] = {
        "code": code,
        "organization": organization_of(one, carried),
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


def _locale(given: Json) -> str:
    return "default" if not given or given == "defaultLocale" else str(given)
