"""Who may do what: authorities of classes, sharing of objects (verified-facts.md, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cgr.sandbox.catalogue import Klass
    from cgr.sandbox.people import User

PUBLIC_DEFAULT = "rw------"
PRIVATE = "--------"


def granted(user: User, stored: dict[str, Any] | None) -> str:
    """Give the access string, `rw------`, that sharing gives a user on an object; owners have both."""
    sharing = (stored or {}).get("sharing") or {}
    if sharing.get("owner") == user.uid or (not sharing.get("owner") and not sharing.get("public")):
        return PUBLIC_DEFAULT
    access = [sharing.get("public") or PRIVATE]
    access += [entry["access"] for uid, entry in sharing.get("users", {}).items() if uid == user.uid]
    groups = user.groups
    access += [entry["access"] for uid, entry in sharing.get("userGroups", {}).items() if uid in groups]
    letters = ("r" if any(text[:1] == "r" for text in access) else "-") + (
        "w" if any(text[1:2] == "w" for text in access) else "-"
    )
    return letters + "------"


def may_read(user: User, klass: Klass, stored: dict[str, Any]) -> bool:
    """Whether the user sees the object at all."""
    return not klass.shareable or user.is_superuser or granted(user, stored)[0] == "r"


def may_create(user: User, klass: Klass, public: str = PUBLIC_DEFAULT) -> bool:
    """Whether the user may make an object of the class, with this public access."""
    if not klass.create_public:
        return True
    if user.has(klass.create_public):
        return True
    return bool(klass.create_private) and user.has(klass.create_private) and public[:2] == "--"


def may_update(user: User, klass: Klass, stored: dict[str, Any]) -> bool:
    """Whether the user may change the object."""
    if user.is_superuser:
        return True
    if not klass.shareable:
        return may_create(user, klass)
    public = (stored.get("sharing") or {}).get("public") or PRIVATE
    return granted(user, stored)[1] == "w" and may_create(user, klass, public)


def may_delete(user: User, klass: Klass, stored: dict[str, Any]) -> bool:
    """Whether the user may delete the object."""
    if klass.shareable and not user.is_superuser and granted(user, stored)[1] != "w":
        return False
    return not klass.delete or user.has(klass.delete)


def may_manage(user: User, klass: Klass, stored: dict[str, Any]) -> bool:
    """Whether the user may change the object's sharing."""
    return user.is_superuser or (klass.shareable and may_update(user, klass, stored))
