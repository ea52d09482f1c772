"""Tables of what people keep of charts: dashboards of a project, and the questions of the charts on them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from projects.models import Project, User


class DashboardQuerySet(models.QuerySet["Dashboard"]):
    def for_project(self, project: Project) -> DashboardQuerySet:
        return self.filter(project=project)

    def kept(self) -> DashboardQuerySet:
        return self.filter(deleted_at=None)


class Dashboard(models.Model):
    """Charts that are looked at together; it belongs to the project, and everybody in it sees it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="dashboards")
    name = models.CharField(max_length=80)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    # A dashboard that was deleted can be brought back.
    deleted_at = models.DateTimeField(null=True)

    objects: ClassVar[DashboardQuerySet] = DashboardQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "dashboard"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="dashboard_in_project"),
            models.UniqueConstraint(
                fields=["project", "name"], condition=Q(deleted_at=None), name="dashboard_name_unique"
            ),
        ]


class SavedChartQuerySet(models.QuerySet["SavedChart"]):
    def for_project(self, project: Project) -> SavedChartQuerySet:
        return self.filter(project=project)

    def kept(self) -> SavedChartQuerySet:
        return self.filter(deleted_at=None)

    def in_order(self) -> SavedChartQuerySet:
        return self.order_by("position", "pk")


class SavedChart(models.Model):
    """The question of one chart on a dashboard; the time is chosen by whoever looks. Its dashboard is of the same project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="charts")
    title = models.CharField(max_length=120)
    measure = models.CharField(max_length=30)
    line = models.CharField(max_length=2_000, default="")
    split = models.CharField(max_length=20, default="")
    score = models.CharField(max_length=80, default="")
    key = models.CharField(max_length=80, default="")
    compares = models.BooleanField(default=False)
    position = models.PositiveIntegerField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    objects: ClassVar[SavedChartQuerySet] = SavedChartQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "saved_chart"
        indexes = [models.Index(fields=["dashboard", "position"], name="saved_chart_in_order")]

    @property
    def values(self) -> dict[str, str]:
        """The question as an address says it."""
        found = {
            "measure": self.measure, "q": self.line, "split": self.split, "score": self.score, "key": self.key,
            "compare": "1" if self.compares else "",
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}
