"""Runs and their items: what was planned, what became of it, written down as it happens (R9.3, R9.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models

if TYPE_CHECKING:
    from cgr.systems.models import ExternalSystem


class Run(models.Model):
    """One import or synchronisation, from its plan to its report, or one look for drift. Its id is the plan's id.

    `config` is the code of the configuration. `settings` is the configuration as it was when the run was planned, so
    that what is applied is what was reviewed. `summary` holds the head of the plan: counts, guards, the DHIS2 read;
    `names` what DHIS2 called what the plan mentions (`core.plan_words.Names`); `consents` which guards were lifted, by
    whom and why; `notices` whom we told that the run ended, and whether that worked (`core.notices.Notice`).

    `request` is what somebody asked for; `goal` what a worker shall bring the run to, empty when none has it;
    `deliveries` how many workers took it up; `requests` how many it sent to DHIS2.
    """

    class State(models.TextChoices):
        """The states of R9.3. A stored plan is `new` until it is applied."""

        NEW = "new"
        QUEUED = "queued"
        RUNNING = "running"
        SUCCESS = "success"
        WARNING = "warning"
        FAILURE = "failure"
        CANCELLED = "cancelled"

    class Kind(models.TextChoices):
        """What the run does."""

        SYNC = "sync"
        IMPORT = "import"
        DRIFT = "drift"

    class Goal(models.TextChoices):
        """What a worker shall bring a run to: a stored plan, an applied one, both, imported units, drift found."""

        PLAN = "plan"
        APPLY = "apply"
        RUN = "run"
        IMPORT = "import"
        LOOK = "look"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="runs")
    # None: an import of a file that has nothing to do with a DHIS2.
    system = models.ForeignKey("systems.ExternalSystem", on_delete=models.PROTECT, related_name="runs", null=True)
    config = models.CharField(max_length=50, blank=True)
    settings = models.JSONField(default=dict)
    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    digest = models.CharField(max_length=80, blank=True)
    summary = models.JSONField(default=dict)
    names = models.JSONField(default=dict)
    consents = models.JSONField(default=list)
    error = models.JSONField(null=True)
    notices = models.JSONField(default=list)
    requests = models.PositiveIntegerField(default=0)
    actor = models.CharField(max_length=200)
    goal = models.CharField(max_length=10, choices=Goal.choices, blank=True)
    request = models.JSONField(default=dict)
    deliveries = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state"], condition=models.Q(state__in=["queued", "running"]), name="open_runs"),
            models.Index(fields=["config", "-id"], name="runs_of_config"),
        ]

    def __str__(self) -> str:
        """Show number and state."""
        return f"{self.pk} {self.config} {self.state}"

    @property
    def file(self) -> str:
        """Give the name of the file that is imported; "" where none is."""
        return str(self.request.get("file", ""))

    @property
    def is_of_file(self) -> bool:
        """Say whether a file is imported, not a DHIS2."""
        return bool(self.file)

    @property
    def dhis2(self) -> ExternalSystem:
        """Give the DHIS2 of a run that has to do with one: every one but an import of a file without external ids."""
        if self.system is None:
            message = f"run {self.pk} has no external system"
            raise ValueError(message)
        return self.system


class StartedOnce(models.Model):
    """A key that somebody started a run with: the same key again gives that run (Idempotency-Key of the API).

    `asked`: digest of what was asked for with it, so that a key isn't used for two things.
    """

    actor = models.CharField(max_length=200)
    key = models.CharField(max_length=100)
    asked = models.CharField(max_length=64)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="one_run_per_key")]

    def __str__(self) -> str:
        """Show the key."""
        return f"{self.actor} {self.key}"


class RunProgress(models.Model):
    """How far a run is, written about once a second over a connection of its own (R9.3).

    So it can be seen while the run's own transaction is open, and its `seen` is a sign of life: a process that was
    stopped, or whose machine hangs, gives none. Seconds and counts; `since` is when the present step began; `session`
    is the database session (its pid there) that writes the run's outcomes.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="progress")
    step = models.CharField(max_length=100)
    steps_done = ArrayField(models.CharField(max_length=100), default=list)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    since = models.DateTimeField()
    requests = models.PositiveIntegerField(default=0)
    waited_s = models.FloatField(default=0.0)
    worked_s = models.FloatField(default=0.0)
    process = models.CharField(max_length=200)
    session = models.IntegerField()
    seen = models.DateTimeField()

    def __str__(self) -> str:
        """Show the step."""
        return f"{self.run_id} {self.step} {self.done}"


class RunItem(models.Model):
    """One line of a run: a change with its outcome, a problem or a note. `position` is the order of the plan.

    An import also has suggestions, the best first: objects that a unit without one resembles.

    `body` is the record of `core.changes` as JSON; the columns beside it are what work and lists select by.
    `sent_in` numbers the batch that an item was put into before it was sent, so that a crash can be resolved by reading
    back exactly that batch.
    """

    class Category(models.TextChoices):
        """What the line is."""

        CHANGE = "change"
        PROBLEM = "problem"
        NOTE = "note"
        SUGGESTION = "suggestion"

    class Outcome(models.TextChoices):
        """What became of a change (contract.md)."""

        DONE = "done"
        FAILED = "failed"
        BLOCKED = "blocked"
        SKIPPED = "skipped"
        UNKNOWN = "unknown"

    # Written by the hundred thousand, and no run is ever deleted (docs/decisions/references-checked-as-sets.md). The
    # unique constraint below is the index by run.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items", db_index=False, db_constraint=False)
    category = models.CharField(max_length=10, choices=Category.choices)
    position = models.PositiveIntegerField()
    object_key = models.BigIntegerField(null=True)
    type = models.CharField(max_length=50, blank=True)
    code = models.CharField(max_length=100, blank=True)
    uid = models.CharField(max_length=11, blank=True)
    level = models.PositiveSmallIntegerField(default=0)
    kinds = ArrayField(models.CharField(max_length=10), default=list)
    body = models.JSONField()
    sent_in = models.PositiveIntegerField(null=True)
    unit_written = models.BooleanField(default=False)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    error = models.JSONField(null=True)

    class Meta:
        ordering = ["category", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "category", "position"], name="one_place_per_item")]
        indexes = [
            models.Index(fields=["run", "category", "outcome", "position"]),
            models.Index(fields=["object_key", "run"], name="items_of_objects"),
        ]

    def __str__(self) -> str:
        """Show what it is about."""
        return f"{self.category} {self.type}:{self.code}"


class Evidence(models.Model):
    """What was sent for one refused item, and DHIS2's answer (`core.evidence`): JSON texts, kept for a time."""

    # Both point to rows that are never deleted; items are written by the hundred thousand.
    item = models.OneToOneField(
        RunItem, on_delete=models.CASCADE, primary_key=True, related_name="evidence", db_constraint=False
    )
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="evidence", db_constraint=False)
    sent = models.TextField()
    answer = models.TextField()
    kept = models.DateTimeField()

    def __str__(self) -> str:
        """Show the item."""
        return f"evidence of item {self.item_id}"
