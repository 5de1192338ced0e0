"""Synchronisation configurations (R4)."""

from __future__ import annotations

from django.db import models


class SyncConfig(models.Model):
    """How the types of one hierarchy map to the levels of one DHIS2. `settings`: `core.mapping.SyncMapping` as JSON.

    `notify`: who is told when a run ends (`core.notices.Notify`), empty for nobody; no part of what is planned.
    """

    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="syncs")
    code = models.CharField(max_length=50, unique=True)
    label = models.JSONField()
    hierarchy = models.ForeignKey("registry.Hierarchy", on_delete=models.PROTECT, related_name="syncs")
    system = models.ForeignKey("systems.ExternalSystem", on_delete=models.PROTECT, related_name="syncs")
    settings = models.JSONField()
    notify = models.JSONField(default=dict)
    sealed_webhook_secret = models.BinaryField(default=bytes)

    def __str__(self) -> str:
        """Show the code."""
        return self.code
