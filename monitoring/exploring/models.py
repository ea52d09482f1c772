"""Tables of how people look at traces: the views that they keep, and what each of them has chosen to see."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from projects.models import Project, User


class TraceViewQuerySet(models.QuerySet["TraceView"]):
    def for_project(self, project: Project) -> TraceViewQuerySet:
        return self.filter(project=project)

    def kept(self) -> TraceViewQuerySet:
        return self.filter(deleted_at=None)

    def visible_to(self, user: User) -> TraceViewQuerySet:
        """Those that are shared, and the person's own."""
        return self.filter(Q(is_shared=True) | Q(owner=user))


class TraceView(models.Model):
    """A filter with its time range, environment and columns under a name, of one person or shared with the project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="trace_views")
    name = models.CharField(max_length=80)
    line = models.CharField(max_length=2_000, default="")
    environment = models.CharField(max_length=255, default="")
    time_range = models.CharField(max_length=80, default="")
    columns = models.JSONField(default=list)
    is_shared = models.BooleanField(default=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    # A view that was deleted can be brought back.
    deleted_at = models.DateTimeField(null=True)

    objects: ClassVar[TraceViewQuerySet] = TraceViewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "trace_view"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="trace_view_in_project"),
            models.UniqueConstraint(
                fields=["project", "owner", "name"], condition=Q(deleted_at=None), name="trace_view_name_unique"
            ),
        ]


class TraceListChoice(models.Model):
    """What one person wants to see in the list of traces of a project; without a row they see what everybody does at first."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    # None, as long as nobody chose.
    columns = models.JSONField(null=True)
    # The view that the list opens with; the database holds it to views of the same project.
    default_view_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "trace_list_choice"
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="trace_list_choice_unique")]
