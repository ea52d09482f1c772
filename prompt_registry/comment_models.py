"""What people say about a version, one of its lines, or a change that is proposed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Comment(models.Model):
    """One remark, or an answer to one; a deleted one stays as an empty place so that its answers make sense."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+")
    prompt = models.ForeignKey("prompt_registry.Prompt", on_delete=models.CASCADE, related_name="comments")
    version = models.ForeignKey(
        "prompt_registry.PromptVersion", on_delete=models.CASCADE, null=True, related_name="comments"
    )
    # The number of a change request; no foreign key, so that each can be there without the other.
    change_request_id = models.BigIntegerField(null=True, blank=True)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="answers")
    # Which message of the version, from 0, and which line of it, from 1; none: the whole.
    message = models.PositiveSmallIntegerField(null=True, blank=True)
    line = models.PositiveIntegerField(null=True, blank=True)
    text = models.TextField(max_length=5_000)
    # Where the text names somebody: [start, end, user id] for each.
    mentions = models.JSONField(default=list)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "prompt_comment"
        constraints = [
            models.UniqueConstraint(fields=["project", "prompt", "id"], name="prompt_comment_in_prompt"),
            models.CheckConstraint(
                condition=models.Q(version__isnull=False) | models.Q(change_request_id__isnull=False),
                name="prompt_comment_about_something",
            ),
            models.CheckConstraint(
                condition=models.Q(message=None, line=None)
                | models.Q(message__isnull=False, line__isnull=False, line__gte=1),
                name="prompt_comment_line_of_message",
            ),
            models.CheckConstraint(
                condition=models.Q(parent=None) | models.Q(line=None, resolved_at=None),
                name="prompt_comment_answer_is_plain",
            ),
        ]
        indexes = [
            models.Index(fields=["version", "id"], name="prompt_comment_version"),
            models.Index(
                fields=["project", "change_request_id"],
                condition=models.Q(change_request_id__isnull=False),
                name="prompt_comment_change",
            ),
        ]

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None
