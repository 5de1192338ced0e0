"""Who did what, when, with before and after (R0.6)."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One change of settings or data. `actor` is `cli:<operating-system user>`, a user name or `system:<part>`.

    `organization` is a code, not a reference, so that the trail outlives what it speaks of. `origin` is one for all
    that a request, a command or a run did. The database refuses to change or delete an entry (migration 0002).
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=60)
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=300)
    organization = models.CharField(max_length=50, blank=True)
    origin = models.CharField(max_length=80, blank=True, default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["organization", "-id"], name="audit_of_organization"),
            # Creations, which an import writes by the hundred thousand, aren't in it: an object knows when it was made.
            models.Index(
                fields=["subject", "-id"],
                condition=models.Q(kind="geo-object", action="change"),
                name="changes_of_geo_objects",
            ),
        )

    def __str__(self) -> str:
        """Show the entry as a sentence."""
        return f"{self.actor} {self.action} {self.kind} {self.subject}"
