"""Tables of judges: how they stood up to texts that beg for a good verdict."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evals.evaluators.models import EvaluatorVersion
from projects.models import Project


class JudgeCanary(models.Model):
    """One day's known injections against one version of a judge; `flipped` of `tried` got a bad answer a good verdict."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    evaluator_version = models.ForeignKey(EvaluatorVersion, on_delete=models.CASCADE, related_name="canaries")
    day = models.DateField()
    tried = models.PositiveSmallIntegerField(default=0)
    flipped = models.PositiveSmallIntegerField(default=0)
    # Answers that were no verdict at all: those count for nobody.
    failed = models.PositiveSmallIntegerField(default=0)
    # The tricks that worked.
    tricks = models.JSONField(default=list)
    # Why nothing was tried; a sentence.
    reason = models.CharField(max_length=500, blank=True, default="")
    cost_nano_usd = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager[JudgeCanary]]

    class Meta:
        db_table = "judge_canary"
        constraints = [
            models.UniqueConstraint(fields=["evaluator_version", "day"], name="judge_canary_once_a_day"),
            models.CheckConstraint(condition=Q(flipped__lte=models.F("tried")), name="judge_canary_flipped_of_tried"),
        ]
