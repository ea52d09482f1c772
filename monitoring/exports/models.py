"""Tables of exports: what was asked for, how far it is, and the file itself in parts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from projects.models import Project, User


class ExportKind(models.TextChoices):
    JSON_LINES = "jsonl", "JSON lines"
    CSV = "csv", "CSV for spreadsheets"
    PARQUET = "parquet", "Parquet for analysis"
    TUNING = "tuning", "Fine-tuning: chats with the wanted answer"
    PREFERENCES = "preferences", "Preference pairs: the better and the worse answer"


TRAINING = (ExportKind.TUNING, ExportKind.PREFERENCES)


class ExportState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Being written"
    DONE = "done", "Ready"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"


OPEN = (ExportState.WAITING, ExportState.RUNNING)


class ExportQuerySet(models.QuerySet["Export"]):
    def for_project(self, project: Project) -> ExportQuerySet:
        return self.filter(project=project)

    def of_calls(self) -> ExportQuerySet:
        return self.exclude(kind__in=TRAINING)

    def for_training(self) -> ExportQuerySet:
        return self.filter(kind__in=TRAINING)

    def newest_first(self) -> ExportQuerySet:
        return self.order_by("-pk")


class Export(models.Model):
    """A file of calls: which ones are fixed when it is asked for; what arrives later is not in it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=12, choices=ExportKind.choices)
    # monitoring.trace_filters.TraceFilter as JSON, and its words for people.
    wanted = models.JSONField(default=dict)
    words = models.TextField(default="")
    # Of the kind: which steps, which answers, masking, shares.
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ExportState.choices, default=ExportState.WAITING)
    # The last trace that is in the file (monitoring.trace_search.Cursor).
    place = models.CharField(max_length=80, default="")
    # How many traces were expected, counted up to a limit; none when that took too long.
    expected_count = models.BigIntegerField(null=True)
    trace_count = models.BigIntegerField(default=0)
    row_count = models.BigIntegerField(default=0)
    byte_count = models.BigIntegerField(default=0)
    # What else there is to count, by name: left out and why, tokens, …
    counts = models.JSONField(default=dict)
    # [{"name", "rows", "bytes", "sha256"}, …] once it is done.
    files = models.JSONField(default=list)
    problem = models.TextField(default="")
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    # When the parts are deleted.
    expires_at = models.DateTimeField(null=True)

    objects: ClassVar[ExportQuerySet] = ExportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "export"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="export_in_project"),
            models.CheckConstraint(condition=Q(kind__in=ExportKind.values), name="export_kind_known"),
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="export_state_known"),
        ]
        indexes = [models.Index(fields=["project", "-id"], name="export_newest")]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def is_there(self, now: datetime) -> bool:
        """Tell whether the file can be taken away."""
        return self.state == ExportState.DONE and self.expires_at is not None and self.expires_at > now

    @property
    def percent(self) -> int | None:
        """How much is written, as far as it is known how much there is."""
        return min(99, self.trace_count * 100 // self.expected_count) if self.expected_count else None

    def option(self, name: str) -> Any:
        return self.options.get(name)


class ExportPart(models.Model):
    """A stretch of a file, packed by itself: the parts one after the other are the whole."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="parts")
    file = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    row_count = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "export_part"
        constraints = [models.UniqueConstraint(fields=["export", "file", "number"], name="export_part_once")]


class ExportedText(models.Model):
    """That a text is in a file already, as a hash; kept only while the file is written."""

    pk = models.CompositePrimaryKey("export_id", "digest")
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=16)
    # The call that waits for another to the same input, to make a pair with.
    start_day = models.DateField(null=True)
    trace_id = models.UUIDField(null=True)
    span_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "exported_text"
