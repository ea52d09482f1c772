"""Tables of rates over time: counts by hour, and where the watch over each stream stands."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from projects.models import Project


class FlagHour(models.Model):
    """How many calls of an hour were looked at and how many had each flag; counted anew from the calls when they change."""

    pk = models.CompositePrimaryKey(
        "project_id", "at", "prompt_name", "prompt_version", "model", "environment", "cluster_id"
    )
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    prompt_name = models.TextField()
    prompt_version = models.IntegerField()
    model = models.TextField()
    environment = models.TextField()
    # 0 for calls of no cluster.
    cluster_id = models.BigIntegerField()
    call_count = models.IntegerField()
    disliked_count = models.IntegerField()
    # One count for each bit of monitoring.analysis.flags.Flag.
    flag_counts = ArrayField(models.IntegerField())

    class Meta:
        db_table = "flag_hour"


class WatchedStream(models.Model):
    """Where the alarm over one stream of calls stands (METHODS C4); it is worked out anew from the counts at any time."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    signal = models.CharField(max_length=20)
    prompt_name = models.TextField(default="")
    model = models.TextField(default="")
    # The hour up to which calls are in the state.
    until_at = models.DateTimeField()
    state = models.JSONField(default=dict)
    alarmed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "watched_stream"
        constraints = [
            models.UniqueConstraint(fields=["project", "signal", "prompt_name", "model"], name="watched_stream_unique"),
        ]
