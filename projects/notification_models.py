"""How people want to hear of what happened, and the mails that are on their way to them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Channel(models.TextChoices):
    AT_ONCE = "at_once", "In the app and by e-mail at once"
    DAILY = "daily", "In the app and in one e-mail a day"
    IN_APP = "in_app", "In the app"
    OFF = "off", "Not at all"


class NotificationChoice(models.Model):
    """How one person wants to hear of one kind of news; without a row the default of the kind holds."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel.choices)

    class Meta:
        db_table = "notification_choice"
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="notification_choice_unique"),
            models.CheckConstraint(condition=models.Q(channel__in=Channel.values), name="notification_channel_known"),
        ]


class NotificationMail(models.Model):
    """A notification that also goes out by mail; whoever claims the row sends it, and nobody ever sends it again."""

    notification = models.OneToOneField("projects.Notification", on_delete=models.CASCADE, related_name="mail")
    is_daily = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "notification_mail"
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(is_daily=True, claimed_at=None),
                name="notification_mail_daily",
            )
        ]
