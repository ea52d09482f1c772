"""Tables of trials: a grid of inputs and variants, one cell for each answer, one attempt for each call that was paid for."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from projects.models import Project, User


class TrialQuerySet(models.QuerySet["Trial"]):
    def for_project(self, project: Project) -> TrialQuerySet:
        return self.filter(project=project)

    def newest_first(self) -> TrialQuerySet:
        return self.order_by("-touched_at", "-pk")


class Trial(models.Model):
    """A grid: every input is answered by every variant. Both are snapshots, so what was tried stays what it was."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="trials")
    prompt = models.ForeignKey("prompt_registry.Prompt", on_delete=models.CASCADE, related_name="trials")
    inputs = models.JSONField(default=list)
    variants = models.JSONField(default=list)
    runs = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    touched_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TrialQuerySet] = TrialQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "trial"
        constraints = [models.UniqueConstraint(fields=["project", "id"], name="trial_in_project")]
        indexes = [
            models.Index(fields=["prompt", "created_by", "-touched_at"], name="trial_recent"),
            models.Index(fields=["touched_at"], name="trial_old"),
        ]


class CellState(models.TextChoices):
    IDLE = "idle", "Not asked yet"
    READY = "ready", "Waiting"
    RUNNING = "running", "Answering"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


ACTIVE = (CellState.READY, CellState.RUNNING)


class Mark(models.TextChoices):
    NONE = "", "Not judged"
    BETTER = "better", "Better"
    SAME = "same", "As good"


class TrialCell(models.Model):
    """One answer. Whoever holds the lease writes it; `revision` grows with every write, so that readers see what is new."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="cells")
    row = models.PositiveSmallIntegerField()
    column = models.PositiveSmallIntegerField()
    # Which provider is asked; no foreign key, because an answer outlives the connection.
    connection_id = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=CellState.choices, default=CellState.IDLE)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(default=uuid.uuid4)
    lease_until = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    text = models.TextField(blank=True, default="")
    error = models.TextField(blank=True, default="")
    error_kind = models.CharField(max_length=40, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    first_chunk_ms = models.FloatField(null=True, blank=True)
    latency_ms = models.FloatField(null=True, blank=True)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_nano_usd = models.BigIntegerField(null=True, blank=True)
    is_price_known = models.BooleanField(default=True)
    is_simulated = models.BooleanField(default=False)
    model = models.CharField(max_length=120, blank=True, default="")
    finish_reason = models.CharField(max_length=40, blank=True, default="")
    mark = models.CharField(max_length=8, choices=Mark.choices, blank=True, default=Mark.NONE)
    asked_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "trial_cell"
        constraints = [
            models.UniqueConstraint(fields=["trial", "row", "column"], name="trial_cell_unique"),
            models.UniqueConstraint(fields=["project", "id"], name="trial_cell_in_project"),
            models.CheckConstraint(condition=models.Q(state__in=CellState.values), name="trial_cell_state_known"),
        ]
        indexes = [
            # The few that are waiting or being answered, among all that ever were.
            models.Index(
                fields=["trial"], name="trial_cell_active", condition=models.Q(state__in=["ready", "running"])
            ),
        ]

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


class AttemptOutcome(models.TextChoices):
    RUNNING = "running", "Under way"
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"
    LOST = "lost", "The worker died; the provider may have billed it"


class TrialAttempt(models.Model):
    """One time that a cell's question was sent to a provider, written before it was sent: every bill has its row."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    cell = models.ForeignKey(TrialCell, on_delete=models.CASCADE, related_name="tries")
    lease_token = models.UUIDField()
    # The money set aside for it (projects.Expense); None when the call costs nothing.
    expense_id = models.BigIntegerField(null=True, blank=True)
    reserved_nano_usd = models.BigIntegerField(default=0)
    cost_nano_usd = models.BigIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=AttemptOutcome.choices, default=AttemptOutcome.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "trial_attempt"
        constraints = [models.UniqueConstraint(fields=["cell", "lease_token"], name="trial_attempt_unique")]
