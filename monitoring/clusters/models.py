"""Tables of clusters, and of what became of them when they were split or merged."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from projects.models import Project


class NameSource(models.TextChoices):
    WORDS = "words", "Words of the calls"
    MODEL = "model", "A model"
    PERSON = "person", "A person"


class ClusterQuerySet(models.QuerySet["Cluster"]):
    def for_project(self, project: Project) -> ClusterQuerySet:
        return self.filter(project=project)

    def current(self) -> ClusterQuerySet:
        """Clusters that calls are still assigned to."""
        return self.filter(retired_at__isnull=True)


class Cluster(models.Model):
    """Calls in which users ask for the same. Its id outlives every new run of the clustering."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="clusters")
    name = models.CharField(max_length=200)
    name_source = models.CharField(max_length=6, choices=NameSource.choices, default=NameSource.WORDS)
    summary = models.TextField(default="")
    # The words that tell it from the others, the strongest first.
    terms = models.JSONField(default=list)
    # What the name was made for: a cluster that wandered off gets a new one.
    named_at = models.DateTimeField(db_default=Now())
    named_for = HalfVectorField(null=True)
    centroid = HalfVectorField()
    # A text is of this cluster when its vector is at least this near to the centroid (cosine).
    radius = models.FloatField()
    embedding_version = models.CharField(max_length=40)
    # How much the centroid rests on; older calls weigh less.
    mass = models.FloatField(default=0.0)
    # Where it lies on the map of the traffic.
    map_x = models.FloatField(default=0.0)
    map_y = models.FloatField(default=0.0)
    # The wider group that it belongs to.
    parent_name = models.CharField(max_length=200, default="")
    call_count = models.BigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    objects: ClassVar[ClusterQuerySet] = ClusterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "cluster"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="cluster_in_project"),
            models.CheckConstraint(condition=Q(name_source__in=NameSource.values), name="cluster_name_source_known"),
        ]


class LinkKind(models.TextChoices):
    SPLIT = "split", "Split"
    MERGED = "merged", "Merged"


class ClusterLink(models.Model):
    """One step of the history of clusters: which share of `source` became part of `target`, and when."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="became")
    target = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="came_from")
    kind = models.CharField(max_length=6, choices=LinkKind.choices)
    share = models.FloatField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "cluster_link"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LinkKind.values), name="cluster_link_kind_known"),
            models.CheckConstraint(condition=~Q(source=models.F("target")), name="cluster_link_of_two"),
        ]


class ClusteringRun(models.Model):
    """When the clusters of a project were last looked for, and what that found."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True, related_name="+")
    discovered_at = models.DateTimeField(null=True)
    # When new ones were last looked for among the calls with something wrong alone.
    flagged_at = models.DateTimeField(null=True)
    rebuilt_at = models.DateTimeField(null=True)
    # Of the last run: calls looked at, calls of no cluster, new clusters.
    numbers = models.JSONField(default=dict)

    class Meta:
        db_table = "clustering_run"
