"""Synchronisation configurations (R4), and what both sides last agreed on (R9.5)."""

from __future__ import annotations

from django.db import models

from cgr.systems.sealing import SealedField


class SyncConfig(models.Model):
    """How the types of one hierarchy map to the levels of one DHIS2. `settings`: `core.mapping.SyncMapping` as JSON.

    `schedule`: `core.schedule.Schedule` as JSON; `next_at`: when it is due; `schedule_error`: why it failed then.
    `drift_looked`: when DHIS2 was last looked at for drift (`Agreement.drift`).
    `notify`: who is told when a run ends (`core.notices.Notify`), empty for nobody; no part of what is planned.
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
    drift_looked = models.DateTimeField(null=True)
    notify = models.JSONField(default=dict)
    sealed_webhook_secret = SealedField(default=bytes)

    def __str__(self) -> str:
        """Show the code."""
        return self.code


class Agreement(models.Model):
    """What both sides last agreed on about the unit of one object: `core.drift.Agreed`, a column for each part.

    `drift`: what the last look at DHIS2 found to be otherwise there (`sync.drift.Drift`), null when nothing was.
    """

    # Written by the hundred thousand, hence without checks row by row (docs/decisions/references-checked-as-sets.md).
    config = models.ForeignKey(
        SyncConfig, on_delete=models.CASCADE, related_name="agreements", db_index=False, db_constraint=False
    )
    object_key = models.BigIntegerField()
    uid = models.CharField(max_length=11)
    version = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()
    layout = models.PositiveIntegerField()
    fields = models.TextField()  # JSON that nobody looks into here; text is written faster
    drift = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["config", "object_key"], name="one_agreement_per_object")]

    def __str__(self) -> str:
        """Show the unit."""
        return self.uid
