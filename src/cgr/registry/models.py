"""Types, hierarchies and Geo-Objects with their values and parents over time (R0.2 to R0.5).

Localized text is `{"default": …, "fr": …}`. Periods are half-open: `from` inclusive, `to` exclusive, null: open.
JSON columns hold `label` and every attribute as a list of `{"from", "to", "value"}`, `exists` as `{"from", "to"}`.

The tables that are written in bulk have no foreign keys in the database but the one to external systems, which are the
only rows among those they refer to that can be deleted (docs/decisions/references-checked-as-sets.md).
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import GistIndex
from django.db import models


class BoxField(models.Field):  # type: ignore[type-arg] # Django's class takes no parameters at run time
    """PostgreSQL's `box`: what is known of a geometry by the database, which otherwise only keeps it."""

    def db_type(self, connection: object) -> str:  # noqa: ARG002 - the signature Django calls
        """Give the column's type."""
        return "box"


class TermTree(models.Model):
    """A tree of terms that term attributes draw from."""

    code = models.CharField(max_length=50, unique=True)
    label = models.JSONField()

    def __str__(self) -> str:
        """Show the code."""
        return self.code


class Term(models.Model):
    """One term; its code is unique in its tree."""

    tree = models.ForeignKey(TermTree, on_delete=models.CASCADE, related_name="terms")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    code = models.CharField(max_length=100)
    label = models.JSONField()
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["tree", "code"], name="term_code_per_tree")]

    def __str__(self) -> str:
        """Show the code."""
        return self.code


class GeoObjectType(models.Model):
    """A kind of place: Region, District, Facility.

    `revision` grows with every write of its objects: what is made of all of them (maps) is kept until then.
    """

    class GeometryType(models.TextChoices):
        """What an object's geometry may be; a multi type accepts the single one."""

        NONE = "none"
        POINT = "point"
        MULTIPOINT = "multipoint"
        LINE = "line"
        MULTILINE = "multiline"
        POLYGON = "polygon"
        MULTIPOLYGON = "multipolygon"
        MIXED = "mixed"

    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="types")
    code = models.CharField(max_length=50, unique=True)
    label = models.JSONField()
    geometry_type = models.CharField(max_length=20, choices=GeometryType.choices, default=GeometryType.NONE)
    revision = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        """Show the code."""
        return self.code


class Attribute(models.Model):
    """A custom attribute of a type."""

    class Kind(models.TextChoices):
        """The kinds of R0.2."""

        TEXT = "text"
        LOCALIZED_TEXT = "localized_text"
        BOOLEAN = "boolean"
        DATE = "date"
        INTEGER = "integer"
        DECIMAL = "decimal"
        TERM = "term"

    type = models.ForeignKey(GeoObjectType, on_delete=models.CASCADE, related_name="attributes")
    code = models.CharField(max_length=50)
    label = models.JSONField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    terms = models.ForeignKey(TermTree, on_delete=models.PROTECT, null=True, related_name="attributes")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["type", "code"], name="attribute_code_per_type")]

    def __str__(self) -> str:
        """Show the code."""
        return self.code


class Hierarchy(models.Model):
    """A tree of types. With `inherits`, its top types stand in that hierarchy, which keeps their objects' parents."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="hierarchies")
    code = models.CharField(max_length=50, unique=True)
    label = models.JSONField()
    inherits = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="inherited_by")

    def __str__(self) -> str:
        """Show the code."""
        return self.code


class HierarchyNode(models.Model):
    """The place of one type in one hierarchy; `parent_type` is null at the top."""

    hierarchy = models.ForeignKey(Hierarchy, on_delete=models.CASCADE, related_name="nodes")
    type = models.ForeignKey(GeoObjectType, on_delete=models.PROTECT, related_name="nodes")
    parent_type = models.ForeignKey(GeoObjectType, on_delete=models.PROTECT, null=True, related_name="child_nodes")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hierarchy", "type"], name="type_once_per_hierarchy")]

    def __str__(self) -> str:
        """Show parent and child."""
        return f"{self.parent_type} > {self.type}"


class GeoObject(models.Model):
    """One place. `version` grows with every change, so that a plan can tell whether the object moved on since.

    An index that Django can't describe is made by migration 0002: of the words of all its labels (`registry_words`).
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The unique (type, code) below is the index by type.
    type = models.ForeignKey(
        GeoObjectType, on_delete=models.PROTECT, related_name="geo_objects", db_index=False, db_constraint=False
    )
    code = models.CharField(max_length=100)
    label = models.JSONField(default=list)
    exists = models.JSONField(default=list)
    values = models.JSONField(default=dict)
    invalid = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "code"], name="code_per_type")]
        indexes = [models.Index(fields=["type", "updated"], name="object_by_change")]

    def __str__(self) -> str:
        """Show type and code."""
        return f"{self.type}:{self.code}"


class GeometryVersion(models.Model):
    """An object's geometry in one period: WKB, EPSG:4326. `box` is the smallest one around it, in degrees."""

    object = models.ForeignKey(GeoObject, on_delete=models.CASCADE, related_name="geometries", db_constraint=False)
    starts = models.DateField(null=True)
    ends = models.DateField(null=True)
    wkb = models.BinaryField()
    box = BoxField()

    class Meta:
        indexes = [GistIndex(fields=["box"], name="geometry_by_place")]

    def __str__(self) -> str:
        """Show the period."""
        return f"{self.starts} – {self.ends}"


class ParentEdge(models.Model):
    """A parent in one hierarchy in one period. Two may be in force at once: a defect that planning reports (R0.3)."""

    # Two indexes instead of Django's three: every one is paid for with each edge that is written in bulk.
    hierarchy = models.ForeignKey(
        Hierarchy, on_delete=models.CASCADE, related_name="edges", db_index=False, db_constraint=False
    )
    child = models.ForeignKey(
        GeoObject, on_delete=models.CASCADE, related_name="parent_edges", db_index=False, db_constraint=False
    )
    parent = models.ForeignKey(
        GeoObject, on_delete=models.PROTECT, related_name="child_edges", db_index=False, db_constraint=False
    )
    starts = models.DateField(null=True)
    ends = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["child", "hierarchy"]),
            models.Index(fields=["parent", "hierarchy"]),
        ]

    def __str__(self) -> str:
        """Show child, parent and period."""
        return f"{self.child_id} in {self.parent_id} {self.starts} – {self.ends}"


class Proposal(models.Model):
    """What somebody who may not edit wants an object, or a new one, to be; somebody who may decides.

    `object` null: a new one, of `type` with `code`. `draft`: `core.proposals`. `version`: the object's when it was
    made. `fields`: what would change, as the audit log writes it: `{"label": {"from": …, "to": …}}`.
    """

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open"
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="proposals")
    object = models.ForeignKey(
        GeoObject, on_delete=models.CASCADE, null=True, related_name="proposals", db_constraint=False
    )
    type = models.CharField(max_length=50)
    code = models.CharField(max_length=100)
    draft = models.JSONField()
    version = models.PositiveIntegerField(default=0)
    fields = models.JSONField(default=dict)
    reason = models.TextField()
    person = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    by = models.CharField(max_length=200)
    made = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.CharField(max_length=200, blank=True)
    decided = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], condition=models.Q(state="open"), name="open_proposals")
        ]

    def __str__(self) -> str:
        """Show number and state."""
        return f"{self.pk} {self.type}:{self.code} {self.state}"


class ExternalId(models.Model):
    """What an external system calls one of our objects (R0.5). A `reserved` id waits for its unit to be created."""

    class State(models.TextChoices):
        """Whether the unit is known to exist there."""

        RESERVED = "reserved"
        CONFIRMED = "confirmed"

    # The unique constraints below are the indexes by object and by system.
    system = models.ForeignKey(
        "systems.ExternalSystem", on_delete=models.PROTECT, related_name="external_ids", db_index=False
    )
    object = models.ForeignKey(
        GeoObject, on_delete=models.CASCADE, related_name="external_ids", db_index=False, db_constraint=False
    )
    type = models.ForeignKey(
        GeoObjectType, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    value = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CONFIRMED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["object", "system"], name="one_id_per_object_and_system"),
            models.UniqueConstraint(fields=["system", "type", "value"], name="id_once_per_system_and_type"),
        ]
        indexes = [models.Index(fields=["value"], opclasses=["varchar_pattern_ops"], name="id_by_beginning")]

    def __str__(self) -> str:
        """Show the id."""
        return self.value
