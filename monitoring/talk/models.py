"""Tables of the talk about traces: comments of the team, links for readers without an account, and whether there may be any."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from projects.models import Project


class TraceComment(models.Model):
    """One remark on a trace, or on one of its steps; deleted with the trace."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    trace_id = models.UUIDField()
    # The step it is about; none: the whole trace.
    span_id = models.BigIntegerField(null=True)
    text = models.TextField(max_length=5_000)
    # Where the text names somebody: [start, end, user id] for each.
    mentions = models.JSONField(default=list)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "trace_comment"
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="trace_comment_says_something")]
        indexes = [models.Index(fields=["project", "trace_id", "id"], name="trace_comment_trace")]


class TraceLinkQuerySet(models.QuerySet["TraceLink"]):
    def for_project(self, project: Project) -> TraceLinkQuerySet:
        return self.filter(project=project)

    def of_trace(self, trace_id: UUID) -> TraceLinkQuerySet:
        return self.filter(trace_id=trace_id)

    def usable(self, now: datetime) -> TraceLinkQuerySet:
        """Links that open their trace, as long as the project allows any."""
        return self.filter(revoked_at=None, expires_at__gt=now)


class TraceLink(models.Model):
    """A way to read one trace for somebody without an account; of its secret only the hash is kept. Deleted with the trace."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    trace_id = models.UUIDField()
    # Whom it was made for.
    label = models.CharField(max_length=80)
    token_hash = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)
    use_count = models.BigIntegerField(default=0)
    # How many requests were let in since the minute began that stands beside it.
    minute = models.DateTimeField(null=True)
    requests = models.PositiveIntegerField(default=0)

    objects: ClassVar[TraceLinkQuerySet] = TraceLinkQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "trace_link"
        indexes = [models.Index(fields=["project", "trace_id"], name="trace_link_trace")]

    @property
    def hex_id(self) -> str:
        return self.trace_id.hex

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


class TraceSharing(models.Model):
    """Whether links to traces work in a project; a project without a row allows none."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True, related_name="+")
    is_allowed = models.BooleanField(default=False)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "trace_sharing"
