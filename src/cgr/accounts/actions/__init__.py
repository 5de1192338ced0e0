"""Write organizations, people, roles, and what people and programs sign in with."""

from __future__ import annotations

from cgr.accounts.actions.first_administrator import create_first_administrator, first_administrator_link, link_works
from cgr.accounts.actions.localization import set_localization
from cgr.accounts.actions.organizations import save_organization
from cgr.accounts.actions.people import (
    ROLES,
    SYSTEM_ADMINISTRATOR,
    add_user,
    end_membership,
    grant_instance,
    revoke_instance,
    set_membership,
)
from cgr.accounts.actions.sign_in import (
    activate,
    deactivate,
    end_session,
    remove_second_factor,
    set_email,
    set_password,
)
from cgr.accounts.actions.tokens import create_token, revoke_token

__all__ = [
    "ROLES",
    "SYSTEM_ADMINISTRATOR",
    "activate",
    "add_user",
    "create_first_administrator",
    "create_token",
    "deactivate",
    "end_membership",
    "end_session",
    "first_administrator_link",
    "grant_instance",
    "link_works",
    "remove_second_factor",
    "revoke_instance",
    "revoke_token",
    "save_organization",
    "set_email",
    "set_localization",
    "set_membership",
    "set_password",
]
