"""What people said about an import (R3.2), and the files that they bring (R3.4)."""

from __future__ import annotations

from django.db import models


class Answer(models.Model):
    """One answer, with who gave it and when. `item`: the unit's id, or what else the run calls the line.

    `decision` and `code` are those of `core.importing.Answer`.
    """

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="answers")
    item = models.CharField(max_length=100)
    decision = models.CharField(max_length=10)
    code = models.CharField(max_length=100, blank=True)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "item"], name="one_answer_per_item")]

    def __str__(self) -> str:
        """Show item and decision."""
        return f"{self.item} {self.decision} {self.code}"


class Upload(models.Model):
    """A file that somebody brought on a page, while they say what its columns are; removed after some days (R3.4).

    `look` is what was seen in it (`files.looking.Look`), `choice` what was said about how to read it, `said` the fields
    of the form as they were filled last. `run`: the import that was begun with it.
    """

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    look = models.JSONField()
    choice = models.JSONField(default=dict)
    said = models.JSONField(default=dict)
    run = models.ForeignKey("runs.Run", on_delete=models.SET_NULL, related_name="+", null=True)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        """Show what the file is called."""
        return self.name


class FilePiece(models.Model):
    """A piece of a file: of one that a worker imports, maybe on another machine, or of one that was only brought yet.

    Pieces, since a whole file as one value would be held in memory several times over. Gone when the run has ended.
    """

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="file_pieces", null=True)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="pieces", null=True)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_file_piece_per_number"),
            models.UniqueConstraint(fields=["upload", "number"], name="one_upload_piece_per_number"),
            models.CheckConstraint(
                condition=models.Q(run__isnull=True) ^ models.Q(upload__isnull=True), name="piece_of_one_file"
            ),
        ]

    def __str__(self) -> str:
        """Show which it is."""
        return f"{self.run_id or self.upload_id} {self.number}"


class MappingTemplate(models.Model):
    """A mapping of columns that an organization keeps under a name, for files that come again (R3.4).

    `mapping` is the JSON of `core.rows.RowMapping`, without encoding and delimiter: those are told from each file.
    """

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    type = models.CharField(max_length=50)
    system = models.CharField(max_length=50, blank=True)
    mapping = models.JSONField()
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="one_template_per_name")]

    def __str__(self) -> str:
        """Show the name."""
        return self.name
