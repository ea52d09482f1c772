"""Tables of evaluators that watch live calls: what each looks at, and what it said about every call it judged."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from evals.evaluators.models import EvaluatorVersion
from projects.models import Project, User

WHOLE_PPM = 1_000_000


class OnlineState(models.TextChoices):
    ACTIVE = "active", "Watching"
    PAUSED = "paused", "Paused"
    BLOCKED = "blocked", "Waiting"


class OnlineEvaluationQuerySet(models.QuerySet["OnlineEvaluation"]):
    def for_project(self, project: Project) -> OnlineEvaluationQuerySet:
        return self.filter(project=project)

    def due(self) -> OnlineEvaluationQuerySet:
        """Those that watch, and those that waited for something that may be over now."""
        over = Q(state=OnlineState.BLOCKED, blocked_until__lte=Now())
        return self.filter(Q(state=OnlineState.ACTIVE) | over)


class OnlineEvaluation(models.Model):
    """An evaluator on a share of the live calls that pass a filter, up to an amount of money a day."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="online_evaluations")
    evaluator_version = models.ForeignKey(EvaluatorVersion, on_delete=models.RESTRICT, related_name="+")
    environment = models.CharField(max_length=255, blank=True, default="")
    prompt_name = models.CharField(max_length=255, blank=True, default="")
    # Calls of the version that this label of the prompt points to when they are judged.
    label = models.CharField(max_length=36, blank=True, default="")
    model = models.CharField(max_length=255, blank=True, default="")
    share_ppm = models.PositiveIntegerField()
    cap_nano_usd = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=OnlineState.choices, default=OnlineState.ACTIVE)
    # Why it waits, in a sentence, and until when; without a moment until somebody resumes it.
    reason = models.CharField(max_length=500, blank=True, default="")
    blocked_until = models.DateTimeField(null=True, blank=True)
    # When it began, or was resumed; calls from before are not judged.
    since_at = models.DateTimeField(default=timezone.now)
    # Calls that began before this were looked at.
    cursor_at = models.DateTimeField(default=timezone.now)
    # Whoever judges holds this for a while, so that no call is paid for twice; the token tells who that is.
    leased_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    # What judging cost on the last day that something was judged (UTC); it stays when the calls are deleted.
    spent_on = models.DateField(null=True, blank=True)
    spent_nano_usd = models.BigIntegerField(db_default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[OnlineEvaluationQuerySet] = OnlineEvaluationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "online_evaluation"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="online_evaluation_in_project"),
            models.CheckConstraint(
                condition=Q(share_ppm__gte=1, share_ppm__lte=WHOLE_PPM), name="online_evaluation_share_of_one"
            ),
            models.CheckConstraint(condition=Q(cap_nano_usd__gte=0), name="online_evaluation_cap_positive"),
            models.CheckConstraint(condition=Q(state__in=OnlineState.values), name="online_evaluation_state_known"),
        ]

    @property
    def share(self) -> float:
        return self.share_ppm / WHOLE_PPM


class OnlineJudgement(models.Model):
    """What an online evaluation said about one call, or why it could not say anything; deleted with the call."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    online_evaluation = models.ForeignKey(OnlineEvaluation, on_delete=models.CASCADE, related_name="judgements")
    evaluator_version = models.ForeignKey(EvaluatorVersion, on_delete=models.RESTRICT, related_name="+")
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    call_at = models.DateTimeField()
    # Both empty when the call could not be judged; `why` says the reason then.
    value = models.FloatField(null=True)
    passed = models.BooleanField(null=True)
    why = models.TextField(default="")
    cost_nano_usd = models.BigIntegerField(default=0)
    is_simulated = models.BooleanField(default=False)
    judged_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "online_judgement"
        constraints = [
            models.UniqueConstraint(
                fields=["online_evaluation", "trace_id", "span_id"], name="online_judgement_once_a_call"
            )
        ]
        indexes = [models.Index(fields=["online_evaluation", "-judged_at"], name="online_judgement_newest")]
