"""The table of how long the calls of a project are kept."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from projects.models import Project, User

USUAL_CALL_DAYS, USUAL_NUMBER_DAYS = 90, 400
FEWEST_DAYS, MOST_DAYS = 1, 3_650


class RetentionRule(models.Model):
    """How long calls with their texts are kept, and how long the numbers counted from them; for one environment, or the rest."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="retention_rules")
    # Empty: for every environment without a rule of its own.
    environment = models.CharField(max_length=255, default="")
    call_days = models.PositiveIntegerField(default=USUAL_CALL_DAYS)
    number_days = models.PositiveIntegerField(default=USUAL_NUMBER_DAYS)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "retention_rule"
        constraints = [
            models.UniqueConstraint(fields=["project", "environment"], name="retention_rule_once"),
            models.CheckConstraint(
                condition=Q(call_days__gte=FEWEST_DAYS, call_days__lte=MOST_DAYS), name="retention_call_days_in_range"
            ),
            models.CheckConstraint(
                condition=Q(number_days__gte=models.F("call_days"), number_days__lte=MOST_DAYS),
                name="retention_numbers_outlive_calls",
            ),
        ]
