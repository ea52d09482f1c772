"""Tables of the money that calls of models cost: the limits, the sums of each day, and every single expense."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class SpendingLimit(models.Model):
    """How much a project, and one person in it, may spend in a day; without a row the defaults hold."""

    project = models.OneToOneField("projects.Project", on_delete=models.CASCADE, related_name="spending_limit")
    project_nano_usd = models.BigIntegerField()
    person_nano_usd = models.BigIntegerField()
    changed_by = models.ForeignKey("projects.User", on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "spending_limit"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(project_nano_usd__gte=0, person_nano_usd__gte=0), name="spending_limit_positive"
            )
        ]


class SpendingDay(models.Model):
    """What was spent and set aside on one day: by the whole project when there is no user, else by that person."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="spending_days")
    user = models.ForeignKey("projects.User", on_delete=models.CASCADE, null=True, related_name="+")
    day = models.DateField()
    reserved_nano_usd = models.BigIntegerField(db_default=0)
    spent_nano_usd = models.BigIntegerField(db_default=0)
    warned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "spending_day"
        constraints = [
            models.UniqueConstraint(fields=["project", "user", "day"], name="spending_day_unique", nulls_distinct=False)
        ]


class Expense(models.Model):
    """One call that was, or will be, paid for: what was set aside for it, and what it cost once that is known."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="expenses")
    user = models.ForeignKey("projects.User", on_delete=models.CASCADE, null=True, related_name="+")
    day = models.DateField()
    purpose = models.CharField(max_length=40)
    reserved_nano_usd = models.BigIntegerField()
    settled_nano_usd = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "expense"
        indexes = [models.Index(fields=["project", "day"], name="expense_by_day")]
