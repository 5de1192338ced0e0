"""Users as the server knows them: who signs in, with which authorities, for which part of the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cgr.sandbox.world import World

ADMIN_ID = "M5zQapPyTZI"
SUPERUSER_ROLE_ID = "yrB6vc5Ip3r"


@dataclass(slots=True)
class User:
    """A view of one stored user; the truth is the JSON in `world.objects["users"]`."""

    world: World
    data: dict[str, Any]

    @property
    def uid(self) -> str:
        """The id."""
        return str(self.data["id"])

    @property
    def username(self) -> str:
        """The sign-in name."""
        return str(self.data.get("username", ""))

    @property
    def password(self) -> str:
        """The password, in clear: this is a sandbox."""
        return str(self.data.get("password", ""))

    @property
    def name(self) -> str:
        """First name and surname."""
        return f"{self.data.get('firstName', '')} {self.data.get('surname', '')}".strip()

    @property
    def disabled(self) -> bool:
        """Whether the account is switched off."""
        return bool(self.data.get("disabled", False))

    @property
    def authorities(self) -> set[str]:
        """Everything the user's roles grant."""
        roles = self.world.objects.get("userRoles", {})
        granted: set[str] = set()
        for reference in self.data.get("userRoles", ()):
            granted.update(roles.get(reference["id"], {}).get("authorities", ()))
        return granted

    @property
    def is_superuser(self) -> bool:
        """Whether the user has ALL."""
        return "ALL" in self.authorities

    @property
    def organisation_units(self) -> list[str]:
        """Ids of the units the user is assigned to."""
        return [reference["id"] for reference in self.data.get("organisationUnits", ())]

    @property
    def groups(self) -> set[str]:
        """Ids of the user groups the user is a member of."""
        user_groups = self.world.objects.get("userGroups", {})
        return {
            uid
            for uid, group in user_groups.items()
            if any(member["id"] == self.uid for member in group.get("users", ()))
        }

    def has(self, *authorities: str) -> bool:
        """Whether the user has one of these authorities, or ALL."""
        granted = self.authorities
        return "ALL" in granted or not granted.isdisjoint(authorities)


def founders(now: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Give the user and the role an empty server starts with: admin / district, superuser."""
    admin = {
        "id": ADMIN_ID,
        "code": "admin",
        "username": "admin",
        "password": "district",
        "firstName": "admin",
        "surname": "admin",
        "created": now,
        "lastUpdated": now,
        "userRoles": [{"id": SUPERUSER_ROLE_ID}],
        "organisationUnits": [],
        "dataViewOrganisationUnits": [],
    }
    role = {
        "id": SUPERUSER_ROLE_ID,
        "code": "Superuser",
        "name": "Superuser",
        "description": "Superuser",
        "created": now,
        "lastUpdated": now,
        "authorities": ["ALL"],
    }
    return {"users": {ADMIN_ID: admin}, "userRoles": {SUPERUSER_ROLE_ID: role}}
