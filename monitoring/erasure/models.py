"""Tables of deletions on request: what was asked for, the traces it is about, and how far each place is."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from projects.models import Project, User


class SubjectKind(models.TextChoices):
    USER = "user", "Everything of one user"
    SESSION = "session", "One session"
    TRACE = "trace", "One trace"
    FILTER = "filter", "Everything that a filter of Explore finds"


class ErasureState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Deleting"
    CHECKING = "checking", "Looking again"
    DONE = "done", "Done"
    FAILED = "failed", "Not finished"


# Somebody still works on it.
OPEN = (ErasureState.WAITING, ErasureState.RUNNING, ErasureState.CHECKING)


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def for_project(self, project: Project) -> ErasureQuerySet:
        return self.filter(project=project)

    def newest_first(self) -> ErasureQuerySet:
        return self.order_by("-pk")

    def still_valid(self, now: datetime) -> ErasureQuerySet:
        """Those that also hold for what arrives late."""
        return self.filter(valid_until__gt=now)


class Erasure(models.Model):
    """One request to delete; whom it was about is known only until it is done, afterwards there are hashes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="erasures")
    kind = models.CharField(max_length=8, choices=SubjectKind.choices)
    # The id of the user, session or trace; empty as soon as everything is gone.
    subject = models.TextField(default="")
    # Keyed hashes of the id, as it was typed and as masking stores it: what arrives late is known by them.
    hashes = ArrayField(models.CharField(max_length=64), default=list)
    # monitoring.trace_filters.TraceFilter as JSON; empty as soon as everything is gone.
    wanted = models.JSONField(default=dict)
    # How far the search by the filter came; «end» when it is through.
    search_place = models.CharField(max_length=80, default="")
    state = models.CharField(max_length=8, choices=ErasureState.choices, default=ErasureState.WAITING)
    round = models.PositiveSmallIntegerField(default=0)
    # Until when files and caches may hold something: what was made later was made without it.
    made_before = models.DateTimeField(null=True)
    trace_count = models.BigIntegerField(default=0)
    # The groups of questions that its calls belonged to: their names may be made of its words.
    cluster_ids = ArrayField(models.BigIntegerField(), default=list)
    # Spans and scores that came after the request and were not stored.
    late_count = models.BigIntegerField(default=0)
    # Where the id is still written in texts that nobody can tie to a call: [[table, rows], …].
    leftovers = models.JSONField(default=list)
    problem = models.TextField(default="")
    valid_until = models.DateTimeField()
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[ErasureQuerySet] = ErasureQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "erasure"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="erasure_in_project"),
            models.CheckConstraint(condition=Q(kind__in=SubjectKind.values), name="erasure_kind_known"),
            models.CheckConstraint(condition=Q(state__in=ErasureState.values), name="erasure_state_known"),
            # A finished request must not be what keeps the name of whom it was about.
            models.CheckConstraint(condition=~Q(state="done") | Q(subject="", wanted={}), name="erasure_forgets"),
        ]
        indexes = [models.Index(fields=["project", "valid_until"], name="erasure_valid")]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_done(self) -> bool:
        return self.state == ErasureState.DONE


class ErasedTrace(models.Model):
    """A trace that is deleted; the random id stays until the request no longer holds, so that nothing of it comes back."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="traces")
    trace_id = models.UUIDField()
    # The round that last deleted it everywhere.
    round = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "erased_trace"
        constraints = [
            models.UniqueConstraint(fields=["project", "trace_id", "erasure"], name="erased_trace_once"),
        ]
        indexes = [models.Index(fields=["erasure", "round", "id"], name="erased_trace_next")]


class ErasurePlace(models.Model):
    """How far one place is: how much was deleted there, and whether the last look found nothing more."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="places")
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField()
    erased_count = models.BigIntegerField(default=0)
    # Of the round that is under way, or was the last.
    found_count = models.BigIntegerField(default=0)
    is_clean = models.BooleanField(default=False)

    class Meta:
        db_table = "erasure_place"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["erasure", "name"], name="erasure_place_once")]
