"""What people said about units that an import couldn't decide on (R3.2)."""

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


class FilePiece(models.Model):
    """A piece of a file that a worker imports, maybe on another machine; gone when the run has ended.

    Pieces, since a whole file as one value would be held in memory several times over.
    """

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="file_pieces")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_file_piece_per_number")]

    def __str__(self) -> str:
        """Show which it is."""
        return f"{self.run_id} {self.number}"
