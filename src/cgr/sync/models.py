"""Synchronisation configurations (R4)."""

from __future__ import annotations

from django.db import models


class SyncConfig(models.Model):
    """How the types of one hierarchy map to the levels of one DHIS2. `settings`: `core.mapping.SyncMapping` as JSON.

    `schedule`: `core.schedule.Schedule` as JSON; `next_at`: when it is due; `schedule_error`: why it failed then.
    """

    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="syncs")
    code = models.CharField(max_length=50, unique=True)
    label = models.JSONField()
    hierarchy = models.ForeignKey("registry.Hierarchy", on_delete=models.PROTECT, related_name="syncs")
    system = models.ForeignKey("systems.ExternalSystem", on_delete=models.PROTECT, related_name="syncs")
    settings = models.JSONField()
    schedule = models.JSONField(null=True)
    next_at = models.DateTimeField(null=True, db_index=True)
    scheduled_by = models.CharField(max_length=200, blank=True)
    schedule_error = models.JSONField(null=True)

    def __str__(self) -> str:
        """Show the code."""
        return self.code
