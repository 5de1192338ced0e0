"""Fields that no object holds: made of what it holds, of others, and of who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox import authorities
from cgr.sandbox.catalogue import ATTRIBUTE, OBJECT_TYPES, USER, Klass
from cgr.sandbox.units import Stored, data_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.presentation import Presenter

_EMPTY_LISTS: Final = {"favorites", "legendSets", "dataSets", "programs"}


def _form_name(presenter: Presenter, klass: Klass, stored: Stored) -> object:
    own = presenter.displayed(stored, "formName", "FORM_NAME")
    return own if own is not None else shown_name(presenter, klass, stored)


def shown_name(presenter: Presenter, klass: Klass, stored: Stored) -> object:
    """Give the name that people see: of a user, both names; else in the asked locale."""
    if klass is USER:
        data = data_of(stored)
        return f"{data.get('firstName', '')} {data.get('surname', '')}".strip()
    return presenter.displayed(stored, "name", "NAME")


def _accesses(part: str) -> Callable[[Presenter, Klass, Stored], object]:
    def shown(presenter: Presenter, klass: Klass, stored: Stored) -> object:
        entries = (data_of(stored).get("sharing") or {}).get(part, {}) if klass.shareable else {}
        key = "userUid" if part == "users" else "userGroupUid"
        return [
            {"id": uid, key: uid, "access": entry["access"]} | _labelled(presenter, part, uid)
            for uid, entry in entries.items()
        ]

    return shown


def _labelled(presenter: Presenter, part: str, uid: str) -> dict[str, Any]:
    if part == "users":
        user = presenter.world.user_of(uid)
        return {"displayName": user.name} if user is not None else {}
    name = presenter.world.objects.get("userGroups", {}).get(uid, {}).get("name")
    return {"displayName": name} if name else {}


def _group_sets(presenter: Presenter, _: Klass, stored: Stored) -> object:
    uid = data_of(stored)["id"]
    sets = presenter.world.objects.get("organisationUnitGroupSets", {})
    return [
        {"id": set_id}
        for set_id, group_set in sets.items()
        if any(group["id"] == uid for group in group_set.get("organisationUnitGroups", ()))
    ]


def _credentials(presenter: Presenter, _: Klass, stored: Stored) -> object:
    if presenter.version >= (2, 38):
        return None
    data = data_of(stored)
    roles = presenter.world.objects.get("userRoles", {})
    return {
        "username": data.get("username"),
        "userRoles": [
            {"id": role["id"], "name": roles[role["id"]].get("name"), "authorities": _granted(presenter, role["id"])}
            for role in data.get("userRoles", ())
            if role["id"] in roles
        ],
    }


def _granted(presenter: Presenter, role: str) -> list[str]:
    granted = presenter.world.objects["userRoles"][role].get("authorities", [])
    return sorted(authorities.of_superusers(presenter.version)) if "ALL" in granted else granted


def _object_types(_: Presenter, klass: Klass, stored: Stored) -> object:
    if klass is not ATTRIBUTE:
        return None
    data = data_of(stored)
    return [_upper_case(kind) for kind in OBJECT_TYPES if data.get(f"{kind}Attribute")]


def _upper_case(name: str) -> str:
    return "".join("_" + letter if letter.isupper() else letter.upper() for letter in name)


COMPUTED: Final[dict[str, Callable[[Presenter, Klass, Stored], object]]] = {
    "displayName": shown_name,
    "displayShortName": lambda presenter, _, stored: presenter.displayed(
        stored, "shortName" if data_of(stored).get("shortName") else "name", "SHORT_NAME"
    ),
    "displayFormName": _form_name,
    "displayDescription": lambda presenter, _, stored: presenter.displayed(stored, "description", "DESCRIPTION"),
    "access": lambda presenter, klass, stored: presenter.access(klass, stored),
    "sharing": lambda presenter, klass, stored: presenter.sharing(klass, stored),
    "publicAccess": lambda _, klass, stored: (
        (data_of(stored).get("sharing") or {}).get("public") if klass.shareable else None
    ),
    "externalAccess": lambda *_: False,
    "userAccesses": _accesses("users"),
    "userGroupAccesses": _accesses("userGroups"),
    "favorite": lambda *_: False,
    "featureType": lambda _, __, stored: data_of(stored).get("featureType", "NONE"),
    "periodOffset": lambda *_: 0,
    "href": lambda presenter, klass, stored: f"{presenter.origin}/api/{klass.plural}/{data_of(stored)['id']}",
    "dimensionItem": lambda _, __, stored: data_of(stored)["id"],
    "dimensionItemType": lambda _, klass, __: _upper_case(klass.singular),
    "groupSets": _group_sets,
    "userCredentials": _credentials,
    "objectTypes": _object_types,
} | {name: lambda *_: [] for name in _EMPTY_LISTS}
"""Field → what it shows of an object."""
