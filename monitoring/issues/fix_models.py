"""The table of fixes: one attempt to make an issue go away, from its examples to what the people of a rollout showed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from monitoring.issues.models import Issue
from projects.models import Project, User


class FixState(models.TextChoices):
    WORKING = "working", "Being made"
    ROLLING_OUT = "rolling_out", "Rolling out"
    VERIFIED = "verified", "Proved"
    NOT_CONFIRMED = "not_confirmed", "Not confirmed"
    GIVEN_UP = "given_up", "Given up"


OPEN = (FixState.WORKING, FixState.ROLLING_OUT)


class FixStep(models.TextChoices):
    """What comes before the proof, in this order."""

    EXAMPLES = "examples", "Examples"
    DATASET = "dataset", "Dataset"
    VERSION = "version", "New version"
    TEST = "test", "Test"
    ROLLOUT = "rollout", "Rollout"


class FixQuerySet(models.QuerySet["IssueFix"]):
    def for_project(self, project: Project) -> FixQuerySet:
        return self.filter(project=project)

    def open(self) -> FixQuerySet:
        """Fixes that are not over."""
        return self.filter(state__in=OPEN)

    def newest_first(self) -> FixQuerySet:
        return self.order_by("-number")


class IssueFix(models.Model):
    """One attempt to fix an issue. What was made elsewhere is linked; of the layers above this one only the ids are known."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="issue_fixes")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="fixes")
    # Counts the fixes of one issue.
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=13, choices=FixState.choices, default=FixState.WORKING)
    prompt = models.ForeignKey("prompt_registry.Prompt", on_delete=models.SET_NULL, null=True, related_name="+")
    version = models.ForeignKey("prompt_registry.PromptVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    rollout = models.ForeignKey("prompt_registry.Rollout", on_delete=models.SET_NULL, null=True, related_name="+")
    # evals.Dataset and evals.Experiment.
    dataset_id = models.BigIntegerField(null=True)
    experiment_id = models.BigIntegerField(null=True)
    # [[trace, step, whether it has the problem], …], as people chose them.
    examples = models.JSONField(default=list)
    # By step: {"how": "elsewhere" or "skipped", "note", "by", "at"}.
    marks = models.JSONField(default=dict)
    # What belongs to the issue, frozen when the rollout began: {"scopes", "first_calls", "base_rate"}.
    definition = models.JSONField(default=dict)
    # What the test let us expect of the rollout, and what the rollout showed.
    prediction = models.JSONField(null=True)
    verdict = models.JSONField(null=True)
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[FixQuerySet] = FixQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "issue_fix"
        constraints = [
            models.UniqueConstraint(fields=["issue", "number"], name="issue_fix_number_unique"),
            models.UniqueConstraint(
                fields=["issue"], condition=Q(state__in=["working", "rolling_out"]), name="issue_fix_one_open"
            ),
            models.CheckConstraint(condition=Q(state__in=FixState.values), name="issue_fix_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["project"], condition=Q(state__in=["working", "rolling_out"]), name="issue_fix_open"
            ),
        ]  # fmt: skip

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def mark_of(self, step: str) -> dict[str, Any]:
        """Return what somebody said about a step that was not done here; empty when nobody did."""
        found: dict[str, Any] = self.marks.get(step, {})
        return found
