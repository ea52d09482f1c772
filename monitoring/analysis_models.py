"""Tables of what was worked out about calls: one row for each call that was looked at, and how far that has come."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from projects.models import Project


class CallAnalysis(models.Model):
    """What a call was about, as a text and as a vector; it is deleted with its trace."""

    pk = models.CompositePrimaryKey("project_id", "trace_id", "span_id")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    start_day = models.DateField()
    call_at = models.DateTimeField()
    prompt_name = models.TextField(default="")
    environment = models.TextField(default="")
    # Where the lot put the trace, from 0 up to 2^32, and below what number calls were taken when this one was.
    draw = models.BigIntegerField()
    bound = models.BigIntegerField()
    # The beginning of what was embedded; empty, with no vector, when no text of the call was recorded.
    text = models.TextField(default="")
    # Vectors of different versions lie in different spaces and are never compared.
    embedding = HalfVectorField(null=True)
    embedding_version = models.CharField(max_length=40)
    analysed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "call_analysis"
        indexes = [models.Index(fields=["project", "start_day"], name="call_analysis_day")]


class AnalysisProgress(models.Model):
    """Up to which moment the calls of a project were looked at."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True, related_name="+")
    until_at = models.DateTimeField()
    ran_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "analysis_progress"
