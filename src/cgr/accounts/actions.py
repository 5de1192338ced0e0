"""Write organizations, people and roles (R0.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from cgr.accounts import queries
from cgr.accounts.codes import check_code
from cgr.accounts.models import Membership, Organization, User
from cgr.accounts.policy import Permission, require, unknown
from cgr.audit import actions as audit
from cgr.audit.saving import Saved, record_saved
from cgr.core.errors import BadInput
from cgr.core.localized import parse_localized

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized

SYSTEM_ADMINISTRATOR: Final = "system-administrator"
ROLES: Final = (SYSTEM_ADMINISTRATOR, *Membership.Role.values)
"""The names of the roles as the command line takes them."""

_USER_NAME_LENGTH = 150


@transaction.atomic
def save_organization(actor: Actor, code: str, *, label: Localized) -> Saved:
    """Create an organization, or change its label."""
    require(actor, Permission.MANAGE_ORGANIZATIONS, organization=code)
    check_code(code, "an organization")
    label = parse_localized(label)
    row = Organization.objects.select_for_update().filter(code=code).first()
    before = None if row is None else {"label": row.label}
    row = row or Organization(code=code)
    row.label = label
    row.save()
    return record_saved(
        actor, kind="organization", subject=code, organization=code, before=before, after={"label": label}
    )


@transaction.atomic
def add_user(
    actor: Actor, name: str, *, password: str, role: str, organization: str = "", types: Iterable[str] = ()
) -> None:
    """Create a person with one role: a System Administrator, or one of the roles of an organization (by code)."""
    _check_role(role, organization)
    if role == SYSTEM_ADMINISTRATOR:
        require(actor, Permission.MANAGE_ORGANIZATIONS, organization="")
    else:
        require(actor, Permission.MANAGE_PEOPLE, organization=organization)
    _check_name(name)
    user = User(username=name, is_system_administrator=role == SYSTEM_ADMINISTRATOR)
    _check_password(password, user)
    user.set_password(password)
    user.save()
    audit.record(
        actor, "create", kind="user", subject=name, organization=organization, after={"role": role, "types": [*types]}
    )
    if role != SYSTEM_ADMINISTRATOR:
        set_membership(actor, name, organization=organization, role=role, types=types)


@transaction.atomic
def set_membership(actor: Actor, name: str, *, organization: str, role: str, types: Iterable[str] = ()) -> Saved:
    """Give a person a role in an organization, in place of the one they may have there."""
    require(actor, Permission.MANAGE_PEOPLE, organization=organization)
    _check_role(role, organization)
    user = User.objects.filter(username=name).first()
    if user is None:
        raise unknown("person", name)
    place = queries.organization(actor, organization)
    row = Membership.objects.select_for_update().filter(user=user, organization=place).first()
    before = None if row is None else {"role": row.role, "types": row.types}
    row = row or Membership(user=user, organization=place)
    row.role, row.types = role, sorted(types)
    row.save()
    return record_saved(
        actor,
        kind="membership",
        subject=name,
        organization=organization,
        before=before,
        after={"role": role, "types": row.types},
    )


@transaction.atomic
def end_membership(actor: Actor, name: str, *, organization: str) -> None:
    """Take a person's role in an organization away; unknown people and roles get the answer of a forbidden one."""
    require(actor, Permission.MANAGE_PEOPLE, organization=organization)
    row = Membership.objects.filter(user__username=name, organization__code=organization).first()
    if row is None:
        raise unknown("member", name)
    before = {"role": row.role, "types": row.types}
    row.delete()
    audit.record(actor, "delete", kind="membership", subject=name, organization=organization, before=before)


def _check_role(role: str, organization: str) -> None:
    if role not in ROLES:
        raise BadInput(f'There is no role "{role}".', code="unknown-role", next_step=f"Use one of {', '.join(ROLES)}.")
    if role == SYSTEM_ADMINISTRATOR and organization:
        raise BadInput(
            "A System Administrator has every right on the whole instance, not in one organization.",
            code="role-without-organization",
            next_step="Leave the organization out, or choose another role.",
        )
    if role != SYSTEM_ADMINISTRATOR and not organization:
        raise BadInput(
            f'The role "{role}" belongs to an organization.',
            code="organization-missing",
            next_step="Name the organization by its code.",
        )


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _USER_NAME_LENGTH or name.startswith(("cli:", "system:")):
        raise BadInput(
            f'"{name}" can\'t be a sign-in name.',
            code="bad-user-name",
            next_step="Use 1 to 150 characters, not beginning with cli: or system:, which the audit log uses.",
        )
    if User.objects.filter(username__iexact=name).exists():
        raise BadInput(
            f'There is a person called "{name}" already.',
            code="user-exists",
            next_step="Choose another name, or give that person the role.",
        )


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as refused:
        raise BadInput(
            f"The password can't be used. {' '.join(refused.messages)}",
            code="weak-password",
            next_step="Choose a longer one that isn't a common word or like the name.",
        ) from refused
