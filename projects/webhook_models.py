"""Webhooks: where a project's events are sent, what was sent, and every try of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class WebhookEvent(models.TextChoices):
    PROMPT_CREATED = "prompt:created", "A prompt is made"
    PROMPT_COMMITTED = "prompt:committed", "A version is saved"
    PROMPT_PUBLISHED = "prompt:published", "A version is published"
    PROMPT_UNDONE = "prompt:undone", "A publish is undone"
    CHANGE_REQUEST_OPENED = "change_request:opened", "Approval is asked for"
    CHANGE_REQUEST_APPROVED = "change_request:approved", "A change is approved"
    CHANGE_REQUEST_CHANGES_REQUESTED = "change_request:changes_requested", "Changes are asked for"
    ROLLOUT_STARTED = "rollout:started", "A rollout starts"
    ROLLOUT_ADVANCED = "rollout:advanced", "A rollout goes to its next share"
    ROLLOUT_PAUSED = "rollout:paused", "A rollout pauses or goes on"
    ROLLOUT_ROLLED_BACK = "rollout:rolled_back", "A rollout is rolled back"
    ROLLOUT_COMPLETED = "rollout:completed", "A rollout is completed"
    ISSUE_OPENED = "issue:opened", "A problem is found in calls"
    ISSUE_ESCALATING = "issue:escalating", "A problem gets worse"
    ISSUE_RESOLVED = "issue:resolved", "A problem is gone"
    ISSUE_REGRESSED = "issue:regressed", "A problem came back"
    ALERT_FIRED = "alert:fired", "An alert fires, or still holds"
    ALERT_RESOLVED = "alert:resolved", "An alert is over"
    EXPERIMENT_FINISHED = "experiment:finished", "A test is done"


class WebhookFormat(models.TextChoices):
    JSON = "json", "JSON, signed"
    SLACK = "slack", "A line of text for Slack"


class WebhookEndpoint(models.Model):
    """An address of the team that wants to hear of events."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="webhook_endpoints")
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=1000)
    format = models.CharField(max_length=8, choices=WebhookFormat.choices, default=WebhookFormat.JSON)
    events = ArrayField(models.CharField(max_length=60, choices=WebhookEvent.choices))
    secret_sealed = models.BinaryField(null=True)
    # For a day after a rotation both secrets sign.
    old_secret_sealed = models.BinaryField(null=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    is_enabled = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=300, blank=True, default="")
    last_success_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "webhook_endpoint"
        indexes = [models.Index(fields=["project"], condition=models.Q(is_enabled=True), name="webhook_endpoint_on")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_slack(self) -> bool:
        return self.format == WebhookFormat.SLACK


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"
    SKIPPED = "skipped", "Not sent"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint, written in the same transaction as what it tells of."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="webhook_deliveries")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField(default=uuid.uuid4)
    event = models.CharField(max_length=60)
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    # Since the event came, or since somebody pressed «Send again».
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "webhook_delivery"
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["created_at"], name="webhook_delivery_age"),
            models.Index(fields=["project", "event_id"], name="webhook_delivery_event"),
        ]

    @property
    def is_waiting(self) -> bool:
        return self.state == DeliveryState.WAITING


class WebhookAttempt(models.Model):
    """One try to deliver, written down before anything is sent."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    took_ms = models.PositiveIntegerField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "webhook_attempt"
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="webhook_attempt_unique")]

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300
