"""What happened to backups of this installation: when one was made, and when one was last brought back to look at it."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class BackupKind(models.TextChoices):
    MADE = "made", "Made"
    CHECKED = "checked", "Brought back and compared"


class BackupState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class BackupRun(models.Model):
    """One backup that was made or brought back to check it; written when it began."""

    kind = models.CharField(max_length=10, choices=BackupKind.choices)
    state = models.CharField(max_length=10, choices=BackupState.choices, default=BackupState.RUNNING)
    # The name of the file, without its folder.
    file = models.CharField(max_length=255, blank=True, default="")
    size = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    # How many rows were compared word by word.
    samples = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "backup_run"
        indexes = [models.Index(fields=["kind", "-id"], name="backup_run_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=BackupState.RUNNING, ended_at__isnull=True)
                | (~Q(state=BackupState.RUNNING) & Q(ended_at__isnull=False)),
                name="backup_run_over_has_an_end",
            )
        ]

    @property
    def took(self) -> timedelta | None:
        return None if self.ended_at is None else self.ended_at - self.started_at
