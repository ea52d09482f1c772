"""The table of outcomes: what became of a unit (a user, a session or a trace), and when."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from projects.models import Project


class OutcomeType(models.TextChoices):
    BOOLEAN = "boolean", "Yes or no"
    NUMBER = "number", "Number"


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    def for_project(self, project: Project) -> OutcomeQuerySet:
        return self.filter(project=project)


class Outcome(models.Model):
    """One thing that happened to a unit, such as an order. It may come before the calls it belongs to, so it links to none."""

    pk = models.CompositePrimaryKey("project_id", "id")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="outcomes")
    id = models.UUIDField(default=uuid.uuid4)
    # Whom an arm is assigned by: a user, else a session, else a trace (32 hexadecimal digits).
    unit_id = models.CharField(max_length=255)
    name = models.CharField(max_length=80)
    data_type = models.CharField(max_length=8, choices=OutcomeType.choices)
    value = models.FloatField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[OutcomeQuerySet] = OutcomeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "outcome"
        constraints = [
            models.CheckConstraint(condition=Q(data_type__in=OutcomeType.values), name="outcome_type_known"),
            models.CheckConstraint(
                condition=~Q(data_type=OutcomeType.BOOLEAN) | Q(value__in=[0, 1]), name="outcome_yes_or_no"
            ),
            models.CheckConstraint(condition=Q(value__gte=-1e15, value__lte=1e15), name="outcome_value_finite"),
            models.CheckConstraint(condition=~Q(unit_id="") & ~Q(name=""), name="outcome_is_named"),
        ]
        indexes = [
            models.Index(fields=["project", "name", "happened_at"], name="outcome_of_name"),
            models.Index(fields=["project", "unit_id"], name="outcome_of_unit"),
            models.Index(fields=["project", "received_at"], name="outcome_received"),
        ]
