"""Datasets: their items, the revisions that say which items were in them when, and files on their way in.

The tables of evaluators, of experiments and of reviews stand beside what they are about; Django finds them through here.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from evals.coverage.models import DatasetCoverage
from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.experiments.models import (
    CachedAnswer,
    Experiment,
    ExperimentAttempt,
    ExperimentCell,
    ExperimentDisagreement,
    ExperimentEvaluator,
    ExperimentScore,
)
from evals.item_care_models import DatasetCare
from evals.judges.models import JudgeCanary
from evals.online.models import OnlineEvaluation, OnlineJudgement
from evals.proposals.models import FixProposal
from evals.reviews.models import (
    GuestLink,
    ReviewAnswer,
    ReviewClaim,
    Reviewer,
    ReviewItem,
    ReviewQuestion,
    ReviewQueue,
)
from projects.models import Project, User

__all__ = [
    "CachedAnswer",
    "DatasetCare",
    "DatasetCoverage",
    "Evaluator",
    "EvaluatorVersion",
    "Experiment",
    "ExperimentAttempt",
    "ExperimentCell",
    "ExperimentDisagreement",
    "ExperimentEvaluator",
    "ExperimentScore",
    "FixProposal",
    "GuestLink",
    "JudgeCanary",
    "OnlineEvaluation",
    "OnlineJudgement",
    "ReviewAnswer",
    "ReviewClaim",
    "ReviewItem",
    "ReviewQuestion",
    "ReviewQueue",
    "Reviewer",
]


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def for_project(self, project: Project) -> DatasetQuerySet:
        return self.filter(project=project)

    def active(self) -> DatasetQuerySet:
        """Datasets that are not in the archive."""
        return self.filter(archived_at=None)

    def by_name(self) -> DatasetQuerySet:
        return self.order_by("name")


class Dataset(models.Model):
    """A curated set of items; every change of it makes a revision, and every revision can be read for good."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=255)
    description = models.CharField(max_length=500, blank=True, default="")
    # The newest revision; 0 while nothing was put in. Whoever makes the next one holds the lock on this row.
    revision = models.PositiveIntegerField(default=0)
    item_count = models.PositiveIntegerField(default=0)
    last_item_number = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[DatasetQuerySet] = DatasetQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "dataset"
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="dataset_name_unique"),
            models.UniqueConstraint(fields=["project", "id"], name="dataset_in_project"),
        ]

    def __str__(self) -> str:
        return self.name


class DatasetRevision(models.Model):
    """One change of a dataset: who made it, what it did, and how many items there were after it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    summary = models.CharField(max_length=200)
    added_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    removed_count = models.PositiveIntegerField(default=0)
    item_count = models.PositiveIntegerField()
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "dataset_revision"
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="dataset_revision_number_unique")]


class ItemSource(models.TextChoices):
    HAND = "hand", "Written by hand"
    IMPORT = "import", "From a file"
    CALL = "call", "From a recorded call"
    TRIAL = "trial", "From a trial"
    API = "api", "Sent by an application"


class DatasetItemQuerySet(models.QuerySet["DatasetItem"]):
    def current(self) -> DatasetItemQuerySet:
        """What is in the dataset now."""
        return self.filter(valid_to_revision=None)

    def at(self, revision: int) -> DatasetItemQuerySet:
        """What was in the dataset when this revision was the newest."""
        still_there = Q(valid_to_revision=None) | Q(valid_to_revision__gt=revision)
        return self.filter(still_there, valid_from_revision__lte=revision)

    def by_number(self) -> DatasetItemQuerySet:
        return self.order_by("number")


class DatasetItem(models.Model):
    """An item as it was from one revision on until another: its number stays, each change of it is a row of its own."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="items")
    number = models.PositiveIntegerField()
    valid_from_revision = models.PositiveIntegerField()
    valid_to_revision = models.PositiveIntegerField(null=True, blank=True)
    # What goes into the blanks of a prompt, by name; a list of messages stands under the name of its placeholder.
    input = models.JSONField(default=dict)
    context = models.TextField(blank=True, default="")
    expected_output = models.JSONField(null=True, blank=True)
    metadata = models.JSONField(default=dict)
    tags = ArrayField(models.CharField(max_length=60), default=list)
    split = models.CharField(max_length=40, blank=True, default="")
    content_hash = models.BinaryField(max_length=32)
    source = models.CharField(max_length=8, choices=ItemSource.choices, default=ItemSource.HAND)
    source_trace_id = models.UUIDField(null=True, blank=True)
    source_span_id = models.BigIntegerField(null=True, blank=True)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[DatasetItemQuerySet] = DatasetItemQuerySet.as_manager()  # type: ignore[assignment]

    # Set by the functions that add: the same item was in the dataset already, and was not stored again.
    was_there_already = False

    class Meta:
        db_table = "dataset_item"
        constraints = [
            models.UniqueConstraint(fields=["project", "dataset", "id"], name="dataset_item_in_dataset"),
            models.UniqueConstraint(fields=["dataset", "number", "valid_from_revision"], name="dataset_item_version"),
            models.UniqueConstraint(
                fields=["dataset", "number"], condition=Q(valid_to_revision=None), name="dataset_item_current"
            ),
            models.UniqueConstraint(
                fields=["dataset", "content_hash"], condition=Q(valid_to_revision=None), name="dataset_item_once"
            ),
            models.CheckConstraint(
                condition=Q(valid_to_revision=None) | Q(valid_to_revision__gt=models.F("valid_from_revision")),
                name="dataset_item_valid_forwards",
            ),
            models.CheckConstraint(condition=Q(source__in=ItemSource.values), name="dataset_item_source_known"),
        ]
        indexes = [
            # What a revision did is read from both ends of the rows.
            models.Index(fields=["dataset", "valid_from_revision"], name="dataset_item_from"),
            models.Index(
                fields=["dataset", "valid_to_revision"],
                condition=Q(valid_to_revision__isnull=False),
                name="dataset_item_to",
            ),
        ]

    @property
    def is_current(self) -> bool:
        return self.valid_to_revision is None


class ImportState(models.TextChoices):
    WAITING = "waiting", "Waiting for a look"
    CONFIRMED = "confirmed", "Being imported"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class DatasetImport(models.Model):
    """A file that somebody handed over; nothing of it is in the dataset until they confirmed what becomes what."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    layout = models.CharField(max_length=12)
    # Which column becomes what: [[column, role, name], …].
    mapping = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.WAITING)
    outcome = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "dataset_import"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="dataset_import_in_project"),
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="dataset_import_state_known"),
        ]

    def told(self, name: str) -> Any:
        """Return one value of the outcome."""
        return self.outcome.get(name)


class DatasetImportPart(models.Model):
    """A stretch of a file on its way in, so that no process ever holds the whole of it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    dataset_import = models.ForeignKey(DatasetImport, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "dataset_import_part"
        constraints = [models.UniqueConstraint(fields=["dataset_import", "number"], name="dataset_import_part_unique")]


class AnsweredRequest(models.Model):
    """What an application was told about a request that it may send again under the same key."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.BinaryField(max_length=32)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "answered_request"
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="answered_request_unique")]
        indexes = [models.Index(fields=["created_at"], name="answered_request_age")]
