"""Tables of rollouts: what moves how far, what is watched, and every decision with the numbers it was taken on."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from projects.models import Project, User

PPM = 1_000_000


class RolloutState(models.TextChoices):
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    ROLLED_BACK = "rolled_back", "Rolled back"


ACTIVE = (RolloutState.RUNNING, RolloutState.PAUSED)


class RolloutQuerySet(models.QuerySet["Rollout"]):
    def for_project(self, project: Project) -> RolloutQuerySet:
        return self.filter(project=project)

    def active(self) -> RolloutQuerySet:
        """Rollouts whose candidate is being served."""
        return self.filter(state__in=ACTIVE)

    def newest_first(self) -> RolloutQuerySet:
        return self.order_by("-started_at", "-pk")


class Rollout(models.Model):
    """A guarded, gradual move of a label from a control version to a candidate. Its id is the salt of the assignment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rollouts")
    prompt = models.ForeignKey("prompt_registry.Prompt", on_delete=models.CASCADE, related_name="rollouts")
    label = models.CharField(max_length=36)
    control = models.ForeignKey("prompt_registry.PromptVersion", on_delete=models.PROTECT, related_name="+")
    candidate = models.ForeignKey("prompt_registry.PromptVersion", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=RolloutState.choices, default=RolloutState.RUNNING)
    # Grows with every change: whoever changes it says which one they saw.
    revision = models.PositiveIntegerField(default=1)
    # prompt_registry.rollouts.plans.Plan as JSON, frozen at the start.
    plan = models.JSONField()
    step = models.PositiveSmallIntegerField(default=0)
    share_ppm = models.PositiveIntegerField()
    # When each step began, as text; the last one is the present one.
    step_began = models.JSONField(default=list)
    change_request = models.ForeignKey(
        "prompt_registry.ChangeRequest", on_delete=models.SET_NULL, null=True, related_name="rollouts"
    )
    # An earlier try of the very same two versions, whose evidence goes on here: nobody tries until it passes.
    continues = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, db_constraint=False, related_name="+"
    )
    note = models.CharField(max_length=500, blank=True, default="")
    # Why it is paused or ended; a sentence.
    reason = models.CharField(max_length=500, blank=True, default="")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Time spent paused does not count at a step.
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_seconds = models.FloatField(default=0)
    looked_at = models.DateTimeField(null=True, blank=True)
    # What was counted of the steps that are over: {"steps", "at", "counts"}; late feedback is added now and then.
    counted = models.JSONField(default=dict, db_default={})
    # Why it could not be looked at the last time; nothing moves on while this stands here.
    trouble = models.CharField(max_length=500, blank=True, default="", db_default="")

    objects: ClassVar[RolloutQuerySet] = RolloutQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "rollout"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="rollout_in_project"),
            models.UniqueConstraint(
                fields=["prompt", "label"], condition=Q(state__in=["running", "paused"]), name="rollout_one_active"
            ),
            models.CheckConstraint(condition=Q(state__in=RolloutState.values), name="rollout_state_known"),
            models.CheckConstraint(condition=Q(share_ppm__lte=PPM), name="rollout_share_in_range"),
            models.CheckConstraint(condition=~Q(control=models.F("candidate")), name="rollout_two_versions"),
        ]
        indexes = [
            models.Index(fields=["project", "-started_at"], name="rollout_newest"),
            models.Index(fields=["state"], name="rollout_active", condition=Q(state__in=["running", "paused"])),
        ]

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def share(self) -> float:
        return self.share_ppm / PPM


class RolloutDecision(models.Model):
    """What was decided, by rule or by a person, with all the numbers, so that it can be taken again."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="decisions")
    action = models.CharField(max_length=12)
    reason = models.CharField(max_length=500)
    step = models.PositiveSmallIntegerField()
    share_ppm = models.PositiveIntegerField()
    # The situation as it was given to the rule, and its answer; empty when a person decided.
    situation = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    # Whether the rollout was changed by it, or only looked at.
    is_applied = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "rollout_decision"
        indexes = [models.Index(fields=["rollout", "-decided_at"], name="rollout_decision_newest")]
