"""Tables of alerts: what a team wants to be told of, where each alert stands, and everything that happened to it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from monitoring.alerts import rules
from monitoring.alerts.rules import Direction, Kind, Period, Phase
from projects.models import Project, User


class AlertQuerySet(models.QuerySet["Alert"]):
    def for_project(self, project: Project) -> AlertQuerySet:
        return self.filter(project=project)

    def kept(self) -> AlertQuerySet:
        """Alerts that nobody deleted."""
        return self.filter(deleted_at=None)


class Alert(models.Model):
    """What a team wants to be told of. Its numbers mean what its measure says: shares of one, milliseconds, dollars, counts."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="alerts")
    # Empty: it is called by what it says.
    name = models.CharField(max_length=120, default="", blank=True)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    measure = models.CharField(max_length=20, default="calls")
    score_name = models.CharField(max_length=80, default="", blank=True)
    direction = models.CharField(max_length=5, choices=Direction.choices, default=Direction.ABOVE)
    limit = models.FloatField(default=0.0)
    window_minutes = models.PositiveIntegerField(default=15)
    least_calls = models.PositiveIntegerField(default=30)
    pending_minutes = models.PositiveIntegerField(default=0)
    recovery_minutes = models.PositiveIntegerField(default=15)
    # 0: never.
    remind_minutes = models.PositiveIntegerField(default=240)
    quiet_from = models.PositiveSmallIntegerField(null=True)
    quiet_until = models.PositiveSmallIntegerField(null=True)
    period = models.CharField(max_length=5, choices=Period.choices, default=Period.DAY)
    shares = ArrayField(models.PositiveSmallIntegerField(), default=list)
    happenings = ArrayField(models.CharField(max_length=30), default=list)
    environment = models.TextField(default="", blank=True)
    prompt_name = models.TextField(default="", blank=True)
    prompt_version = models.PositiveIntegerField(default=0)
    model = models.TextField(default="", blank=True)
    # Who hears of it. What is named here and is no longer there, or is of another project, is passed over.
    tells_everybody = models.BooleanField(default=False)
    people_ids = ArrayField(models.BigIntegerField(), default=list)
    endpoint_ids = ArrayField(models.BigIntegerField(), default=list)
    # Where it stands: whoever changes that says which revision they saw.
    phase = models.CharField(max_length=7, choices=Phase.choices, default=Phase.OK)
    progress = models.JSONField(default=dict)
    looked_until = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)
    last_value = models.FloatField(null=True)
    last_fired_at = models.DateTimeField(null=True)
    # Why it could not be looked at the last time.
    trouble = models.CharField(max_length=300, default="", blank=True)
    muted_until = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    # Since when it says what it says now.
    changed_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[AlertQuerySet] = AlertQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "alert"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="alert_in_project"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="alert_kind_known"),
            models.CheckConstraint(condition=Q(direction__in=Direction.values), name="alert_direction_known"),
            models.CheckConstraint(condition=Q(period__in=Period.values), name="alert_period_known"),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="alert_phase_known"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__lte=23, quiet_until__lte=23),
                name="alert_quiet_hours",
            ),
        ]
        indexes = [models.Index(fields=["project"], condition=Q(deleted_at=None), name="alert_kept")]

    @property
    def rule(self) -> rules.Rule:
        """When it speaks."""
        quiet = None if self.quiet_from is None or self.quiet_until is None else (self.quiet_from, self.quiet_until)
        return rules.Rule(
            kind=Kind(self.kind), direction=Direction(self.direction), limit=self.limit,
            pending=timedelta(minutes=self.pending_minutes), recovery=timedelta(minutes=self.recovery_minutes),
            remind=timedelta(minutes=self.remind_minutes) if self.remind_minutes else None, quiet=quiet,
            shares=tuple(sorted(self.shares)),
        )  # fmt: skip

    @property
    def is_firing(self) -> bool:
        return self.phase == Phase.FIRING

    @property
    def is_new(self) -> bool:
        """Tell whether nothing was looked at since it says what it says now; a made alert starts at the moment it was made."""
        return self.last_value is None and self.looked_until <= self.changed_at + timedelta(seconds=1)

    @property
    def is_muted(self) -> bool:
        return self.is_muted_at(timezone.now())

    def is_muted_at(self, moment: datetime) -> bool:
        """Tell whether nobody is told of it at this moment."""
        return self.muted_until is not None and moment < self.muted_until


class AlertEvent(models.Model):
    """One thing that happened to an alert, once whatever happens: its key says which. Kept in one transaction with its messages."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    key = models.CharField(max_length=120)
    news = models.CharField(max_length=10)
    # The moment in the data; created_at is when it was noticed.
    at = models.DateTimeField()
    incident = models.PositiveIntegerField(default=0)
    level = models.PositiveSmallIntegerField(default=0)
    value = models.FloatField(null=True)
    usual = models.FloatField(null=True)
    calls = models.BigIntegerField(default=0)
    sentence = models.CharField(max_length=500)
    # Where it leads, for what happened to an issue or a rollout.
    path = models.CharField(max_length=500, default="")
    # Whether somebody was to hear of it; not while it is muted, or in quiet hours.
    is_sent = models.BooleanField(default=True)
    # The id that webhooks send it under, and the rows behind the bell.
    event_id = models.UUIDField(default=uuid.uuid4)
    notification_ids = ArrayField(models.BigIntegerField(), default=list)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "alert_event"
        constraints = [models.UniqueConstraint(fields=["alert", "key"], name="alert_event_once")]
        indexes = [models.Index(fields=["project", "-at"], name="alert_event_newest")]
