"""The weekly report of a project as it was counted, and whom it was told to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class WeeklyReport(models.Model):
    """What a week was counted to when it was over: numbers alone; the words of issues stay with them."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="weekly_reports")
    # The Monday that the week begins with.
    monday = models.DateField()
    # monitoring.weekly.reports.Figures as JSON.
    figures = models.JSONField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "weekly_report"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="weekly_report_in_project"),
            models.UniqueConstraint(fields=["project", "monday"], name="weekly_report_once"),
            models.CheckConstraint(condition=Q(monday__iso_week_day=1), name="weekly_report_begins_on_monday"),
        ]


class WeeklyReportMail(models.Model):
    """That one person was told of a report; the row is why nobody is told twice."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+")
    report = models.ForeignKey(WeeklyReport, on_delete=models.CASCADE, related_name="mails")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # Whether they want it by mail.
    is_wanted = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    # Written the moment before the mail server gets it: from then on it is never sent again.
    handed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "weekly_report_mail"
        constraints = [
            models.UniqueConstraint(fields=["report", "user"], name="weekly_report_mail_once"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(handed_at__isnull=False), name="weekly_report_mail_handed_first"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(is_wanted=True, handed_at=None), name="weekly_report_mail_waiting"),
        ]  # fmt: skip
