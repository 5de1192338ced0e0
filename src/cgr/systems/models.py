"""Registered DHIS2 servers (R1)."""

from __future__ import annotations

import uuid

from django.db import models


class ExternalSystem(models.Model):
    """One DHIS2 server. The secret (password or token) is sealed; `uid` is what ids of new units are derived from."""

    class AuthKind(models.TextChoices):
        """How we sign in."""

        BASIC = "basic"
        TOKEN = "token"  # noqa: S105 - the name of a kind of sign-in, not a secret

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="systems")
    kind = models.CharField(max_length=20, default="dhis2")
    code = models.CharField(max_length=50, unique=True)
    label = models.JSONField()
    description = models.TextField(blank=True)
    url = models.CharField(max_length=500)
    auth_kind = models.CharField(max_length=20, choices=AuthKind.choices, default=AuthKind.BASIC)
    username = models.CharField(max_length=255, blank=True)
    sealed_secret = models.BinaryField(default=bytes)
    version = models.CharField(max_length=40, blank=True)
    checked_at = models.DateTimeField(null=True)

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
