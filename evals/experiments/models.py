"""Tables of experiments: what is compared on which items, one cell for each answer, one score for each judgement."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evals.evaluators.models import EvaluatorVersion
from projects.models import Project, User


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def for_project(self, project: Project) -> ExperimentQuerySet:
        return self.filter(project=project)

    def active(self) -> ExperimentQuerySet:
        """Experiments that are not in the archive."""
        return self.filter(archived_at=None)

    def newest_first(self) -> ExperimentQuerySet:
        return self.order_by("-created_at", "-pk")


class ExperimentState(models.TextChoices):
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


class RunsIn(models.TextChoices):
    """Who makes the answers."""

    WORKERS = "workers", "Here"
    CODE = "code", "In your code"


class Experiment(models.Model):
    """A revision of a dataset, answered by variants and judged by evaluators; all of it frozen when it started."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=200)
    note = models.CharField(max_length=500, blank=True, default="")
    dataset = models.ForeignKey("evals.Dataset", on_delete=models.RESTRICT, related_name="experiments")
    dataset_revision = models.PositiveIntegerField()
    # Only items of this split; empty for all.
    split = models.CharField(max_length=40, blank=True, default="")
    # The prompt that the variants are of; null when the answers are made in code.
    prompt = models.ForeignKey(
        "prompt_registry.Prompt", on_delete=models.SET_NULL, null=True, blank=True, related_name="experiments"
    )
    # evals.experiments.plans.Variant as JSON, by column. Column 0 is what the others are compared with.
    variants = models.JSONField(default=list)
    repetitions = models.PositiveSmallIntegerField(default=1)
    evaluator_versions = models.ManyToManyField(EvaluatorVersion, through="ExperimentEvaluator", related_name="+")
    # The name of the metadata by which items share a source; empty when each stands for itself.
    grouped_by = models.CharField(max_length=120, blank=True, default="")
    runs_in = models.CharField(max_length=8, choices=RunsIn.choices, default=RunsIn.WORKERS)
    state = models.CharField(max_length=10, choices=ExperimentState.choices, default=ExperimentState.RUNNING)
    # Why it is paused, or ended before its last cell; a sentence.
    reason = models.CharField(max_length=500, blank=True, default="")
    stops_early = models.BooleanField(default=False)
    # Whether an answer that was paid for before, to the very same question, is used again.
    uses_cache = models.BooleanField(default=True)
    # A step of something larger, such as a search for a fix: that holds the limit, and tells people when it is over.
    is_step = models.BooleanField(default=False)
    item_count = models.PositiveIntegerField()
    estimated_nano_usd = models.BigIntegerField(default=0)
    cap_nano_usd = models.BigIntegerField(default=0)
    # What calls that ended cost, and what is set aside for those under way.
    spent_nano_usd = models.BigIntegerField(default=0)
    reserved_nano_usd = models.BigIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ExperimentQuerySet] = ExperimentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "experiment"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="experiment_in_project"),
            models.CheckConstraint(condition=Q(state__in=ExperimentState.values), name="experiment_state_known"),
            models.CheckConstraint(condition=Q(runs_in__in=RunsIn.values), name="experiment_runs_in_known"),
            models.CheckConstraint(condition=Q(repetitions__gte=1), name="experiment_repetitions_positive"),
        ]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="experiment_newest"),
            models.Index(fields=["prompt", "-created_at"], name="experiment_of_prompt"),
            models.Index(fields=["state"], name="experiment_running", condition=Q(state="running")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        return self.state in (ExperimentState.DONE, ExperimentState.CANCELLED)


class ExperimentEvaluator(models.Model):
    """One of the evaluator versions of an experiment, in the order of the screen."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="evaluators")
    evaluator_version = models.ForeignKey(EvaluatorVersion, on_delete=models.RESTRICT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "experiment_evaluator"
        constraints = [
            models.UniqueConstraint(fields=["experiment", "evaluator_version"], name="experiment_evaluator_once"),
            models.UniqueConstraint(fields=["experiment", "position"], name="experiment_evaluator_position"),
        ]


class CellState(models.TextChoices):
    """A cell goes from left to right; FAILED and SKIPPED are ends like DONE, and say why."""

    READY = "ready", "Waiting"
    ANSWERING = "answering", "Answering"
    ANSWERED = "answered", "Waiting to be judged"
    JUDGING = "judging", "Being judged"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Not run"


OPEN = (CellState.READY, CellState.ANSWERING, CellState.ANSWERED, CellState.JUDGING)


class ExperimentCell(models.Model):
    """One answer of one variant to one item; whoever holds the lease writes it, and an answer is paid for once."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="cells")
    item = models.ForeignKey("evals.DatasetItem", on_delete=models.RESTRICT, related_name="+")
    column = models.PositiveSmallIntegerField()
    repetition = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=CellState.choices, default=CellState.READY)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Not before: a provider said to come back later.
    run_at = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(default=uuid.uuid4)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Long answers first, so that no straggler makes the end wait.
    predicted_tokens = models.PositiveIntegerField(default=0)
    output = models.TextField(blank=True, default="")
    error = models.TextField(blank=True, default="")
    error_kind = models.CharField(max_length=40, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    first_chunk_ms = models.FloatField(null=True, blank=True)
    latency_ms = models.FloatField(null=True, blank=True)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    # Of the answer alone; judging has its own price on the scores.
    cost_nano_usd = models.BigIntegerField(null=True, blank=True)
    is_price_known = models.BooleanField(default=True)
    is_cached = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)
    model = models.CharField(max_length=120, blank=True, default="")
    finish_reason = models.CharField(max_length=40, blank=True, default="")
    # The trace that the application recorded while it made the answer, when it ran in code.
    trace_id = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "experiment_cell"
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "item", "column", "repetition"], name="experiment_cell_unique"
            ),
            models.UniqueConstraint(fields=["project", "id"], name="experiment_cell_in_project"),
            models.CheckConstraint(condition=Q(state__in=CellState.values), name="experiment_cell_state_known"),
        ]
        indexes = [
            models.Index(fields=["experiment", "state"], name="experiment_cell_progress"),
            # The few to take next, among all that ever were.
            models.Index(
                fields=["experiment", "-predicted_tokens", "item"], name="experiment_cell_open",
                condition=Q(state__in=["ready", "answering", "answered", "judging"]),
            ),
        ]  # fmt: skip

    @property
    def is_over(self) -> bool:
        return self.state not in OPEN


class ExperimentScore(models.Model):
    """What one evaluator version said about one answer: a value, or an error, never both."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    cell = models.ForeignKey(ExperimentCell, on_delete=models.CASCADE, related_name="scores")
    evaluator_version = models.ForeignKey(EvaluatorVersion, on_delete=models.RESTRICT, related_name="+")
    # From 0 (bad) to 1 (good); of a comparison 1 when this answer is better than column 0's, ½ for a tie.
    value = models.FloatField(null=True, blank=True)
    passed = models.BooleanField(null=True, blank=True)
    why = models.TextField(blank=True, default="")
    error = models.TextField(blank=True, default="")
    # What a judge answered in full: criteria, quotes, both orders of a comparison.
    detail = models.JSONField(default=dict)
    cost_nano_usd = models.BigIntegerField(default=0)
    judge_model = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "experiment_score"
        constraints = [
            models.UniqueConstraint(fields=["cell", "evaluator_version"], name="experiment_score_once"),
            models.CheckConstraint(condition=Q(value=None) ^ Q(error=""), name="experiment_score_value_or_error"),
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__gte=0, value__lte=1), name="experiment_score_value_in_range"
            ),
        ]


class ExperimentDisagreement(models.Model):
    """Somebody's word that what a check said about an answer is wrong; the score stays what it is."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    cell = models.ForeignKey(ExperimentCell, on_delete=models.CASCADE, related_name="disagreements")
    evaluator_version = models.ForeignKey(EvaluatorVersion, on_delete=models.RESTRICT, related_name="+")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "experiment_disagreement"
        constraints = [
            models.UniqueConstraint(
                fields=["cell", "evaluator_version", "person"], name="experiment_disagreement_once"
            ),
        ]


class Purpose(models.TextChoices):
    ANSWER = "answer", "The answer"
    JUDGE = "judge", "A judgement"


class AttemptOutcome(models.TextChoices):
    RUNNING = "running", "Under way"
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"
    LOST = "lost", "The worker died; the provider may have billed it"


class ExperimentAttempt(models.Model):
    """One call that was sent to a provider for a cell, written before it was sent: every bill has its row."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    cell = models.ForeignKey(ExperimentCell, on_delete=models.CASCADE, related_name="tries")
    purpose = models.CharField(max_length=6, choices=Purpose.choices, default=Purpose.ANSWER)
    lease_token = models.UUIDField()
    # Which call of several under one lease: samples, critiques, judges.
    step = models.PositiveSmallIntegerField(default=0)
    expense_id = models.BigIntegerField(null=True, blank=True)
    reserved_nano_usd = models.BigIntegerField(default=0)
    cost_nano_usd = models.BigIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=AttemptOutcome.choices, default=AttemptOutcome.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "experiment_attempt"
        constraints = [
            models.UniqueConstraint(
                fields=["cell", "lease_token", "purpose", "step"], name="experiment_attempt_unique"
            ),
        ]
        indexes = [
            # The few that are under way; those of dead workers are found among them.
            models.Index(
                fields=["started_at"], name="experiment_attempt_under_way", condition=Q(outcome="running")
            ),
        ]  # fmt: skip


class CachedAnswer(models.Model):
    """An answer of a model by all that was asked: the same question of the same settings is not paid for again."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    key = models.BinaryField(max_length=32)
    answer = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "cached_answer"
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="cached_answer_unique")]
        indexes = [models.Index(fields=["created_at"], name="cached_answer_age")]
