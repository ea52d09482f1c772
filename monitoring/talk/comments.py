"""Comments on a trace or on one of its steps: writing, changing and deleting them, and telling who is named."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from monitoring.errors import MonitoringError
from monitoring.models import Trace, span_hex
from monitoring.talk.models import TraceComment
from monitoring.trace_reading import span_of
from projects import audit, notification_kinds, notifications
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import mentions, texts
from prompt_registry.comments import people_of
from prompt_registry.permissions import demand

MAX_TEXT = 5_000
# Beyond this many nobody reads them on one page, so there are no more of a trace.
MOST_COMMENTS = 500


class CommentRefused(MonitoringError):
    """This comment cannot be stored."""


class CommentGone(CommentRefused):
    """This comment was deleted meanwhile."""


class NotYourComment(CommentRefused):
    """Only the person who wrote a comment can change or delete it."""


@transaction.atomic
def add(*, project: Project, trace: Trace, text: str, by: User, span_id: int | None = None) -> TraceComment:
    """Return a new comment on a trace, or on one of its steps; who is named and who wrote here before is told."""
    demand(project=project, action=Action.GIVE_FEEDBACK, by=by)
    if span_id is not None and span_of(trace, span_id) is None:
        raise CommentRefused("This step is not there any more. Your text is kept: choose the whole trace.")
    before = TraceComment.objects.filter(project=project, trace_id=trace.trace_id)
    if before.count() >= MOST_COMMENTS:
        raise CommentRefused(f"This trace has {MOST_COMMENTS} comments already. Delete one of yours first.")
    comment = TraceComment(project=project, trace_id=trace.trace_id, span_id=span_id, author=by)
    _store(comment, text)
    _tell(comment, trace, others=before.exclude(pk=comment.pk).values_list("author_id", flat=True).distinct())
    return comment


@transaction.atomic
def edit(*, comment: TraceComment, trace: Trace, text: str, by: User) -> TraceComment:
    """Change the text of one's own comment; who is named in it for the first time is told."""
    mine = _own(comment, by)
    known = {user_id for *_, user_id in mine.mentions}
    mine.edited_at = timezone.now()
    _store(mine, text)
    _tell(mine, trace, others=(), known=known)
    return mine


@transaction.atomic
def delete(*, comment: TraceComment, by: User) -> None:
    """Take one's own comment away for good."""
    mine = _own(comment, by)
    number = mine.pk
    mine.delete()
    audit.record(
        action="trace.comment_deleted", subject=comment.trace_id.hex, by=by, project=comment.project, comment=number
    )


def of_trace(*, project: Project, trace: Trace) -> list[TraceComment]:
    """Return the comments of a trace, the oldest first."""
    rows = TraceComment.objects.filter(project=project, trace_id=trace.trace_id).select_related("author")
    return list(rows.order_by("pk")[:MOST_COMMENTS])


def _store(comment: TraceComment, text: str) -> None:
    comment.text = texts.clean(text).strip()
    if not comment.text:
        raise CommentRefused("Write something first: the comment is empty.")
    if len(comment.text) > MAX_TEXT:
        raise CommentRefused("A comment may have up to 5,000 characters. Shorten it; your text is kept.")
    named = mentions.find(comment.text, people_of(comment.project))
    comment.mentions = [[one.start, one.end, one.user_id] for one in named]
    comment.save()


def _own(comment: TraceComment, by: User) -> TraceComment:
    rows = TraceComment.objects.select_for_update(of=("self",)).select_related("project")
    locked = rows.filter(pk=comment.pk).first()
    if locked is None:
        raise CommentGone
    demand(project=locked.project, action=Action.GIVE_FEEDBACK, by=by)
    if locked.author_id != by.pk:
        raise NotYourComment
    return locked


def _tell(comment: TraceComment, trace: Trace, *, others: Iterable[int | None], known: Iterable[int] = ()) -> None:
    """Tell those who are named, then those who wrote here before; nobody hears it twice, and nobody reads texts of calls."""
    author = comment.author
    named = {user_id for *_, user_id in comment.mentions} - set(known) - {comment.author_id}
    wrote = {user_id for user_id in others if user_id} - named - {comment.author_id}
    who = author.display_name if author else "Somebody"
    step = f"?span={span_hex(comment.span_id)}" if comment.span_id is not None else ""
    path = f"/p/{comment.project.slug}/traces/{trace.hex_id}/{step}#comment-{comment.pk}"
    for user_ids, act in ((named, "mentioned you in a comment on"), (wrote, "also commented on")):
        notifications.tell(
            project=comment.project, to=User.objects.filter(pk__in=user_ids), kind=notification_kinds.MENTIONED,
            sentence=f"{who} {act} the trace {trace.hex_id[:8]}", path=path,
        )  # fmt: skip
