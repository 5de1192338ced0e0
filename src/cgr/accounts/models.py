"""Organizations, people, who belongs where (R0.1), and what people and programs get in with."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models

from cgr.accounts import roles


class Organization(models.Model):
    """A ministry or programme that owns types, hierarchies, systems and configurations."""

    code = models.CharField(max_length=50, unique=True)
    label = models.JSONField()

    def __str__(self) -> str:
        """Show the code."""
        return self.code


class User(AbstractUser):
    """A person who signs in. System Administrators have every right on the whole instance.

    `language` (as in LANGUAGES) and `time_zone` (IANA) are how the pages are shown to them; empty: as the browser asks,
    and UTC.
    """

    is_system_administrator = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)


class Membership(models.Model):
    """One person's role in one organization; Maintainers and Contributors may be limited to types by code."""

    class Role(models.TextChoices):
        """The roles of R0.1 that belong to an organization."""

        ADMINISTRATOR = roles.ADMINISTRATOR
        MAINTAINER = roles.MAINTAINER
        CONTRIBUTOR = roles.CONTRIBUTOR
        CONSUMER = roles.CONSUMER

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=30, choices=Role.choices)
    types = ArrayField(models.CharField(max_length=50), default=list, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "organization"], name="one_role_per_organization"),)

    def __str__(self) -> str:
        """Show who is what, where."""
        return f"{self.user} · {self.role} · {self.organization}"


class ApiToken(models.Model):
    """What a program signs in with on behalf of a person. Only the SHA-256 of the token is kept.

    The token has 256 random bits, so that one plain hash is as good as a slow one, and a look-up is one index read.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=50)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10))
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "name"], name="one_token_per_name"),)

    def __str__(self) -> str:
        """Show whose token it is."""
        return f"{self.user} · {self.name}"


class FirstAdministratorLink(models.Model):
    """A link by which the first person makes their own account; only its SHA-256 is kept."""

    digest = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField()

    def __str__(self) -> str:
        """Show until when it can be used."""
        return f"until {self.expires}"
