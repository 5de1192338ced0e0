"""Registered DHIS2 servers (R1)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from cgr.systems import signing_in
from cgr.systems.sealing import SealedField


class ExternalSystem(models.Model):
    """One DHIS2 server. `uid` is what ids of new units are derived from.

    `sealed_secret` is the password (basic), the token, or the secret of our OAuth2 client; `sealed_password` the
    password of OAuth2's password grant. `people_sign_in`: people linked to an account there may sign in here with it.
    `version` and `checked_at` are of the last check that succeeded; `failure` and `failed_at` of one that failed since:
    the code of the error.
    """

    class AuthKind(models.TextChoices):
        """How we sign in."""

        BASIC = signing_in.BASIC
        TOKEN = signing_in.TOKEN
        OAUTH2 = signing_in.OAUTH2

    class Grant(models.TextChoices):
        """How OAuth2 gives us tokens: for the consent of a person, or for a password."""

        CODE = signing_in.CODE
        PASSWORD = signing_in.PASSWORD

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="systems")
    kind = models.CharField(max_length=20, default="dhis2")
    code = models.CharField(max_length=50, unique=True)
    label = models.JSONField()
    description = models.TextField(blank=True)
    url = models.CharField(max_length=500)
    auth_kind = models.CharField(max_length=20, choices=AuthKind.choices, default=AuthKind.BASIC)
    username = models.CharField(max_length=signing_in.LONGEST_USERNAME, blank=True)
    sealed_secret = SealedField(default=bytes)
    client_id = models.CharField(max_length=signing_in.LONGEST_CLIENT_ID, blank=True)
    grant = models.CharField(max_length=20, choices=Grant.choices, blank=True)
    sealed_password = SealedField(default=bytes)
    people_sign_in = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    version = models.CharField(max_length=40, blank=True)
    checked_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=50, blank=True)
    failed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        """Show the code."""
        return self.code


class ReadShape(models.Model):
    """What a system offered to map to when that was read last: `core.records.RemoteShape` as JSON."""

    system = models.OneToOneField(ExternalSystem, on_delete=models.CASCADE, primary_key=True, related_name="read_shape")
    shape = models.JSONField()
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        """Show system and moment."""
        return f"{self.system_id} {self.read_at}"


class SystemTokens(models.Model):
    """The OAuth2 tokens by which we are signed in to a system, and as whom. `sealed`: `dhis2.auth.Tokens` as JSON."""

    system = models.OneToOneField(ExternalSystem, on_delete=models.CASCADE, primary_key=True, related_name="tokens")
    sealed = SealedField()
    username = models.CharField(max_length=255)
    obtained_at = models.DateTimeField()

    class Meta:
        verbose_name = verbose_name_plural = "tokens of a system"

    def __str__(self) -> str:
        """Show system and user."""
        return f"{self.system_id} as {self.username}"


class LinkedAccount(models.Model):
    """A person here, and the account of a DHIS2 by which they may sign in here (R2.2).

    An administrator knows the account's name only; its id is kept from the first sign-in on, and then counts alone.
    """

    system = models.ForeignKey(ExternalSystem, on_delete=models.CASCADE, related_name="linked_accounts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="linked_accounts")
    username = models.CharField(max_length=255)
    dhis2_id = models.CharField(max_length=11, blank=True)
    linked_by = models.CharField(max_length=200)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["system", "person"], name="one_account_per_person_and_system"),
            models.UniqueConstraint("system", Lower("username"), name="one_person_per_account_name"),
            models.UniqueConstraint(
                fields=["system", "dhis2_id"], condition=~models.Q(dhis2_id=""), name="one_person_per_account"
            ),
        )

    def __str__(self) -> str:
        """Show who is linked to which account."""
        return f"{self.person_id} as {self.username} of {self.system_id}"
