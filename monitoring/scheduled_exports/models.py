"""Tables of scheduled exports: where calls go by themselves, and each run of one day or hour."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from monitoring.exports.models import ExportKind
from monitoring.scheduled_exports import periods
from monitoring.scheduled_exports.periods import Every
from projects.models import Project, User

KINDS = (ExportKind.PARQUET, ExportKind.JSON_LINES, ExportKind.CSV)
ENDINGS = {ExportKind.PARQUET: "parquet", ExportKind.JSON_LINES: "jsonl.gz", ExportKind.CSV: "csv.gz"}
EVERY_CHOICES = [(Every.DAY.value, "Every day, the day before"), (Every.HOUR.value, "Every hour, the hour before")]


class Destination(models.TextChoices):
    FOLDER = "folder", "A folder on the server"
    OBJECT_STORE = "s3", "An S3-compatible object store"


class RunState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Being written"
    DONE = "done", "Written"
    FAILED = "failed", "Not written"


OPEN = (RunState.WAITING, RunState.RUNNING)


class ScheduledExport(models.Model):
    """What goes where, and how often."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="scheduled_exports")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=ExportKind.choices)
    # monitoring.exports.calls: calls or steps.
    rows = models.CharField(max_length=8, default="calls")
    every = models.CharField(max_length=4, choices=EVERY_CHOICES, default=Every.DAY.value)
    environment = models.CharField(max_length=255, default="")
    destination = models.CharField(max_length=8, choices=Destination.choices)
    # Below the folder of the server, or before the names of the objects.
    folder = models.CharField(max_length=200, default="")
    endpoint = models.CharField(max_length=500, default="")
    region = models.CharField(max_length=40, default="")
    bucket = models.CharField(max_length=63, default="")
    access_key = models.CharField(max_length=200, default="")
    secret_sealed = models.BinaryField(null=True)
    is_on = models.BooleanField(default=True)
    # The first day or hour that is not planned yet; what is before it has a run.
    next_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "scheduled_export"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="scheduled_export_in_project"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in KINDS]), name="scheduled_export_kind_known"),
            models.CheckConstraint(condition=Q(destination__in=Destination.values), name="scheduled_export_destination_known"),
            models.CheckConstraint(condition=Q(every__in=[every.value for every in Every]), name="scheduled_export_every_known"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def root(self) -> str:
        """The folder of all its files: one of its own, so that no two exports overwrite each other's."""
        own = f"{self.project.slug}-{self.pk}"
        return f"{self.folder}/{own}" if self.folder else own

    @property
    def secret_field(self) -> str:
        return f"scheduled_export:{self.pk}"


class ExportRunQuerySet(models.QuerySet["ExportRun"]):
    def newest_first(self) -> ExportRunQuerySet:
        return self.order_by("-starts_at", "-pk")

    def open(self) -> ExportRunQuerySet:
        return self.filter(state__in=OPEN)


class ExportRun(models.Model):
    """One day or hour that is written, with the place to go on from: whoever takes it up writes the same objects again."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="export_runs")
    scheduled_export = models.ForeignKey(ScheduledExport, on_delete=models.CASCADE, related_name="runs")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.WAITING)
    # The last trace that is written (monitoring.trace_search.Cursor), and what is written: [{"name", "rows", "bytes", "sha256"}, …].
    place = models.CharField(max_length=80, default="")
    parts = models.JSONField(default=list)
    # The highest number that any try gave to an object: what is above the last one of the final try is removed.
    highest_number = models.PositiveIntegerField(default=0)
    trace_count = models.BigIntegerField(default=0)
    row_count = models.BigIntegerField(default=0)
    byte_count = models.BigIntegerField(default=0)
    # Since something was last written.
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    problem = models.TextField(default="")
    # Set when somebody asked for this run; it is written even while the export is paused.
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # Each time that somebody asks for it anew, its jobs have new names.
    round = models.PositiveIntegerField(default=0)
    touched_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[ExportRunQuerySet] = ExportRunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "export_run"
        constraints = [
            models.UniqueConstraint(fields=["scheduled_export", "starts_at"], name="export_run_once"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="export_run_state_known"),
        ]
        indexes = [models.Index(fields=["touched_at"], condition=Q(state__in=OPEN), name="export_run_open")]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def folder(self) -> str:
        """Where the objects of this run are, below the root of the export."""
        return periods.folder(Every(self.scheduled_export.every), self.starts_at)

    def part_name(self, number: int) -> str:
        return f"{self.folder}/calls-{number:05}.{ENDINGS[ExportKind(self.scheduled_export.kind)]}"

    @property
    def manifest_name(self) -> str:
        return f"{self.folder}/manifest.json"

    def described(self) -> dict[str, Any]:
        """Return what the log of changes says about it."""
        return {"starts_at": self.starts_at.isoformat(), "ends_at": self.ends_at.isoformat()}
