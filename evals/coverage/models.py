"""The table of what a dataset represented of the traffic: a row for each day, and for each prompt whose calls were meant."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.models import Project


class DatasetCoverage(models.Model):
    """What a dataset represented of the calls of two weeks; without a percent when there was too little to compare."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey("evals.Dataset", on_delete=models.CASCADE, related_name="coverages")
    # The prompt whose calls were compared; empty means all calls.
    prompt_name = models.CharField(max_length=255, blank=True, default="")
    day = models.DateField()
    revision = models.PositiveIntegerField()
    percent = models.FloatField(null=True)
    # What as many calls drawn at random would represent, and how much of the traffic has next to no item.
    expected_percent = models.FloatField()
    thin_percent = models.FloatField(null=True)
    call_count = models.PositiveIntegerField()
    distinct_count = models.PositiveIntegerField()
    item_count = models.PositiveIntegerField()
    # [{"name", "share", "covered", "items", "example": [trace, span]}, …], the largest gap first.
    groups = models.JSONField(default=list)
    # [[trace, span, share of the calls it would newly represent], …]; texts stay with the calls.
    suggestions = models.JSONField(default=list)
    embedding_version = models.CharField(max_length=40)
    measured_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "dataset_coverage"
        constraints = [
            models.UniqueConstraint(fields=["dataset", "prompt_name", "day"], name="dataset_coverage_once_a_day")
        ]
