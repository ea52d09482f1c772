"""What was found in the items of a dataset that somebody should look at."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.models import Project


class DatasetCare(models.Model):
    """Items that are nearly the same, and items that hold personal data or secrets, as of one revision."""

    dataset = models.OneToOneField("evals.Dataset", on_delete=models.CASCADE, related_name="care")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField()
    # [[number, number of the one that says the same, likeness], …] and [[number, kinds of data], …]; no texts.
    twins = models.JSONField(default=list)
    sensitive = models.JSONField(default=list)
    looked_at_all = models.BooleanField(default=True)
    embedding_version = models.CharField(max_length=40)
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "dataset_care"
