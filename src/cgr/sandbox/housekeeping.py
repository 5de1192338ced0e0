"""The keys DHIS2 adds to any object it shows (who, when, sharing), for objects that the catalogue doesn't hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World


def housekeeping(world: World, user: User, *, created: str, last_updated: str, public: str) -> dict[str, Any]:
    """Give these keys in the version's form, for an object of `user`'s own with no other sharing."""
    stamps: dict[str, Any] = {"created": created, "lastUpdated": last_updated, "favorite": False}
    person = last_updated_by(world, user)
    if world.version < (2, 36):
        early = {"user": _owner_in_2_31(user) if world.version < (2, 32) else person, "lastUpdatedBy": person}
        return stamps | early | {"externalAccess": False, "publicAccess": public}
    sharing: dict[str, Any] = {"owner": user.uid, "users": {}, "userGroups": {}, "public": public}
    shown = stamps | dict.fromkeys(("createdBy", "lastUpdatedBy", "user"), person)
    shown |= {"translations": [], "favorites": [], "attributeValues": [], "sharing": sharing}
    if world.version < (2, 43):
        sharing["external"] = False
    if world.version < (2, 42):
        shown |= {"externalAccess": False, "publicAccess": public, "userAccesses": [], "userGroupAccesses": []}
    return shown


def full_access(world: World) -> dict[str, bool]:
    """Give the `access` of an object its reader may do everything with."""
    rights = ["manage", "write", "read", "update", "delete"] + (["externalize"] if world.version < (2, 43) else [])
    return dict.fromkeys(rights, True)


def last_updated_by(world: World, user: User) -> dict[str, Any]:
    """Give a user as objects of this version mention them."""
    if world.version >= (2, 36):
        named = {"name": user.name, "displayName": user.name, "username": user.username}
        return {"id": user.uid, "code": user.data.get("code"), **named}
    return {"id": user.uid, "name": user.name} if world.version < (2, 32) else {"id": user.uid}


def _owner_in_2_31(user: User) -> dict[str, Any]:
    return {
        "id": user.uid,
        "code": user.data.get("code"),
        "name": user.name,
        "displayName": user.name,
        "created": user.data["created"],
        "lastUpdated": user.data["lastUpdated"],
        "externalAccess": False,
        "favorite": False,
    }
