"""Add people, and give and take their roles (R0.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction

from cgr.accounts import queries
from cgr.accounts.entering import check_email, check_password
from cgr.accounts.locking import lock_name
from cgr.accounts.models import Membership, User
from cgr.accounts.policy import Permission, require, unknown
from cgr.audit import actions as audit
from cgr.audit.saving import Saved, record_saved
from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor
    from cgr.audit.actions import Named

SYSTEM_ADMINISTRATOR: Final = "system-administrator"
ROLES: Final = (SYSTEM_ADMINISTRATOR, *Membership.Role.values)
"""The names of the roles as the command line takes them."""

_USER_NAME_LENGTH = 150


@transaction.atomic
def add_user(
    actor: Actor,
    name: str,
    *,
    password: str,
    role: str,
    organization: str = "",
    types: Iterable[str] = (),
    email: str = "",
) -> None:
    """Create a person with one role: a System Administrator, or one of the roles of an organization (by code)."""
    check_role(role, organization)
    if role == SYSTEM_ADMINISTRATOR:
        require(actor, Permission.MANAGE_ORGANIZATIONS, organization="")
    else:
        require(actor, Permission.MANAGE_PEOPLE, organization=organization)
    types = [*types]
    create_person(
        actor,
        name,
        password=password,
        email=email,
        is_system_administrator=role == SYSTEM_ADMINISTRATOR,
        organization=organization,
    )
    if role != SYSTEM_ADMINISTRATOR:
        _save_membership(actor, name, organization=organization, role=role, types=types)


def create_person(
    actor: Named, name: str, *, password: str, email: str, is_system_administrator: bool, organization: str = ""
) -> None:
    """Write the row and its entry in the audit log, once name, password and address are found good.

    The caller has asked the policy: the first administrator has nobody to be allowed by.
    """
    lock_name("user", name.casefold())
    _check_name(name)
    check_email(email)
    user = User(username=name, email=email, is_system_administrator=is_system_administrator)
    check_password(password, user)
    user.set_password(password)
    user.save()
    audit.record(
        actor,
        "create",
        kind="user",
        subject=name,
        organization=organization,
        after={"email": email, "system_administrator": is_system_administrator},
    )


@transaction.atomic
def set_membership(actor: Actor, name: str, *, organization: str, role: str, types: Iterable[str] = ()) -> Saved:
    """Give a person a role in an organization, in place of the one they may have there.

    Whoever administers one organization can do so for the people of that organization; somebody of another one is
    brought in by a System Administrator, since nobody else knows of both.
    """
    require(actor, Permission.MANAGE_PEOPLE, organization=organization)
    check_role(role, organization)
    queries.person(actor, name)
    return _save_membership(actor, name, organization=organization, role=role, types=types)


def _save_membership(actor: Actor, name: str, *, organization: str, role: str, types: Iterable[str]) -> Saved:
    place = queries.organization(actor, organization)
    user = User.objects.get(username=name)
    lock_name("membership", f"{organization} {name}")
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


@transaction.atomic
def grant_instance(actor: Actor, name: str) -> Saved:
    """Make a person a System Administrator."""
    return _set_system_administrator(actor, name, value=True)


@transaction.atomic
def revoke_instance(actor: Actor, name: str) -> Saved:
    """Take the role of System Administrator away; BadInput for the last one."""
    return _set_system_administrator(actor, name, value=False)


def _set_system_administrator(actor: Actor, name: str, *, value: bool) -> Saved:
    require(actor, Permission.MANAGE_ORGANIZATIONS, organization="")
    user = queries.person(actor, name)
    if not value:
        keep_one_system_administrator(user)
    before = {"system_administrator": user.is_system_administrator}
    user.is_system_administrator = value
    user.save(update_fields=["is_system_administrator"])
    return record_saved(
        actor, kind="user", subject=name, organization="", before=before, after={"system_administrator": value}
    )


def keep_one_system_administrator(leaving: User) -> None:
    """Refuse with BadInput when nobody else could administer the instance. Locks, so that two can't leave at once."""
    active = User.objects.select_for_update().filter(is_system_administrator=True, is_active=True).order_by("pk")
    if {row.pk for row in active} == {leaving.pk}:
        raise BadInput(
            f"{leaving.username} is the last System Administrator.",
            code="last-system-administrator",
            next_step="Give somebody else the role first.",
        )


def check_role(role: str, organization: str) -> None:
    """Refuse with BadInput a role that isn't there, or that stands in the wrong place."""
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
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as error:
        raise _bad_name(name) from error
    if len(name) > _USER_NAME_LENGTH:
        raise _bad_name(name)
    if User.objects.filter(username__iexact=name).exists():
        raise BadInput(
            f'The sign-in name "{name}" is taken.',
            code="user-exists",
            next_step="Choose another name, or give that person the role.",
        )


def _bad_name(name: str) -> BadInput:
    # The audit log calls others cli:NAME, system:PART and NAME (token …), so a person can't be called like that.
    return BadInput(
        f'"{name}" can\'t be a sign-in name.',
        code="bad-user-name",
        next_step="Use 1 to 150 letters, digits and the signs @ . + - _",
    )
