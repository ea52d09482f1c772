"""Comments on a version, a line of it or a change request: writing, changing, settling, and telling who is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects import audit, notification_kinds, notifications
from projects.models import Membership, Project, User
from projects.roles import Action
from prompt_registry import contents, mentions, places, texts
from prompt_registry.contents import Placeholder
from prompt_registry.errors import PromptRegistryError
from prompt_registry.mentions import Person
from prompt_registry.models import ChangeRequest, Comment, Prompt, PromptVersion
from prompt_registry.permissions import demand

MAX_TEXT = 5_000
MOST_PEOPLE = 1_000


class CommentEmpty(PromptRegistryError):
    """Write something first: the comment is empty."""


class CommentTooLong(PromptRegistryError):
    """A comment may have up to 5,000 characters. Shorten it; your text is kept."""


class LineUnknown(PromptRegistryError):
    """This version has no such line."""


class RequestUnknown(PromptRegistryError):
    """There is no such request for approval of this prompt."""


class AnswerToAnswer(PromptRegistryError):
    """Answers stand one below the other. Answer the first comment instead."""


class NotYourComment(PromptRegistryError):
    """Only the person who wrote a comment can change or delete it."""


class CommentDeleted(PromptRegistryError):
    """This comment was deleted in the meantime."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A line of a version: which message, from 0, and which line of it, from 1."""

    message: int
    line: int


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and the answers to it, oldest first."""

    comment: Comment
    answers: list[Comment]

    @property
    def anchor(self) -> Anchor | None:
        if self.comment.message is None or self.comment.line is None:
            return None
        return Anchor(self.comment.message, self.comment.line)

    @property
    def is_resolved(self) -> bool:
        return self.comment.resolved_at is not None


@transaction.atomic
def add(
    *, prompt: Prompt, text: str, by: User | None, version: PromptVersion | None = None, anchor: Anchor | None = None,
    change_request_id: int | None = None, path: str = "",
) -> Comment:  # fmt: skip
    """Return a new comment on a version, on a line of it, or on a change request.

    `path` is the page that shows it; without it, that of the version or the request.
    """
    demand(project=prompt.project, action=Action.GIVE_FEEDBACK, by=by)
    if change_request_id is not None and not prompt.change_requests.filter(pk=change_request_id).exists():
        raise RequestUnknown
    if anchor is not None and (version is None or anchor not in _anchors(version)):
        raise LineUnknown
    comment = _store(
        Comment(
            project_id=prompt.project_id, prompt=prompt, version=version, change_request_id=change_request_id, author=by,
            message=anchor.message if anchor else None, line=anchor.line if anchor else None,
        ),
        text,
    )  # fmt: skip
    _tell(comment, others=_concerned(comment), about="commented on", path=path)
    return comment


@transaction.atomic
def answer(*, comment: Comment, text: str, by: User | None, path: str = "") -> Comment:
    """Return a new answer to a comment; a settled thread is open again with it."""
    root = _locked(comment, by=by)
    if root.parent_id is not None:
        raise AnswerToAnswer
    reply = _store(
        Comment(
            project_id=root.project_id, prompt_id=root.prompt_id, version_id=root.version_id, parent=root, author=by,
            change_request_id=root.change_request_id,
        ),
        text,
    )  # fmt: skip
    if root.resolved_at:
        Comment.objects.filter(pk=root.pk).update(resolved_at=None, resolved_by=None)
    talkers = [root.author_id, *root.answers.exclude(pk=reply.pk).values_list("author_id", flat=True)]
    _tell(reply, others=talkers, about="answered you on", path=path)
    return reply


@transaction.atomic
def edit(*, comment: Comment, text: str, by: User | None, path: str = "") -> Comment:
    """Change the text of one's own comment; who is named in it for the first time is told."""
    mine = _own(comment, by=by)
    known = {user_id for *_, user_id in mine.mentions}
    mine.edited_at = timezone.now()
    _store(mine, text)
    _tell(mine, others=(), about="", path=path, known=known)
    return mine


@transaction.atomic
def delete(*, comment: Comment, by: User | None) -> None:
    """Take the text of one's own comment away; its place stays."""
    mine = _own(comment, by=by)
    mine.text, mine.mentions, mine.deleted_at = "", [], timezone.now()
    mine.save(update_fields=["text", "mentions", "deleted_at"])
    audit.record(
        action="comment.deleted", subject=mine.prompt.name, by=by, project=mine.prompt.project, comment=mine.pk
    )


@transaction.atomic
def resolve(*, comment: Comment, by: User | None) -> None:
    """Note that the thread is settled."""
    root = _root(comment, by=by)
    Comment.objects.filter(pk=root.pk, resolved_at=None).update(resolved_at=timezone.now(), resolved_by=by)


@transaction.atomic
def reopen(*, comment: Comment, by: User | None) -> None:
    """Note that the thread is not settled after all."""
    root = _root(comment, by=by)
    Comment.objects.filter(pk=root.pk).update(resolved_at=None, resolved_by=None)


def of_version(version: PromptVersion) -> list[Thread]:
    """Return the threads of a version, those on lines in the order of the lines, then those on the whole."""
    found = _threads(Comment.objects.filter(version=version))
    return sorted(found, key=lambda thread: _place(thread.comment))


def of_change_request(*, project: Project, change_request_id: int) -> list[Thread]:
    """Return the threads of a change request, oldest first."""
    return _threads(Comment.objects.filter(project=project, change_request_id=change_request_id))


def lines_of(version: PromptVersion) -> list[list[str]]:
    """Return the lines of every message of a version; a text prompt has one message, an inserted conversation no lines."""
    content = contents.of_version(version)
    if content.type == contents.TEXT:
        return [content.text.split("\n")]
    return [
        [] if isinstance(message, Placeholder) else message.content.split("\n") for message in content.messages
    ]  # fmt: skip


def people_of(project: Project) -> list[Person]:
    """Return the members who can be named, by name."""
    members = Membership.objects.filter(project=project, user__is_active=True).select_related("user")
    ordered = members.order_by("user__name", "user__email")[:MOST_PEOPLE]
    return [Person(member.user_id, member.user.name, member.user.email) for member in ordered]


def _anchors(version: PromptVersion) -> set[Anchor]:
    return {
        Anchor(message, number)
        for message, lines in enumerate(lines_of(version))
        for number in range(1, len(lines) + 1)
    }  # fmt: skip


def _store(comment: Comment, text: str) -> Comment:
    comment.text = texts.clean(text).strip()
    if not comment.text:
        raise CommentEmpty
    if len(comment.text) > MAX_TEXT:
        raise CommentTooLong
    named = mentions.find(comment.text, people_of(comment.prompt.project))
    comment.mentions = [[one.start, one.end, one.user_id] for one in named]
    comment.save()
    return comment


def _tell(comment: Comment, *, others: Iterable[int | None], about: str, path: str, known: Iterable[int] = ()) -> None:
    """Tell those who are named, then those whom the comment concerns without naming them; nobody hears it twice."""
    author = comment.author
    named = {user_id for *_, user_id in comment.mentions} - set(known) - {comment.author_id}
    concerned = {user_id for user_id in others if user_id} - named - {comment.author_id}
    where = _where(comment)
    who = author.display_name if author else "Somebody"
    for user_ids, act in ((named, "mentioned you in a comment on"), (concerned, about)):
        notifications.tell(
            project=comment.prompt.project, to=User.objects.filter(pk__in=user_ids), kind=notification_kinds.MENTIONED,
            sentence=f"{who} {act} {where}", path=path or _path(comment),
        )  # fmt: skip


def _concerned(comment: Comment) -> set[int | None]:
    """Return whom a new comment concerns: who wrote the version, and who asks for its approval or has to give it."""
    if (asked := _request(comment)) is not None:
        return {asked.author_id, asked.requested_by_id, asked.reviewer_id, asked.reviewed_by_id}
    return {comment.version.author_id} if comment.version is not None else set()


def _where(comment: Comment) -> str:
    if (asked := _request(comment)) is not None:
        return f"the request to publish {comment.prompt.name} v{asked.version.number} to {asked.label}"
    return f"{comment.prompt.name}{f' v{comment.version.number}' if comment.version else ''}"


def _path(comment: Comment) -> str:
    if (asked := _request(comment)) is not None:
        return (
            f"{places.publishing(comment.prompt, number=asked.version.number, label=asked.label)}#comment-{comment.pk}"
        )
    prompt = f"/p/{comment.prompt.project.slug}/prompts/{comment.prompt_id}/"
    if comment.version is None:
        return f"{prompt}versions/"
    return f"{prompt}versions/{comment.version.number}/#comment-{comment.pk}"


def _request(comment: Comment) -> ChangeRequest | None:
    """Return the change request that the comment is about; none for one on a version."""
    if comment.version_id is not None or comment.change_request_id is None:
        return None
    requests = ChangeRequest.objects.filter(project=comment.project_id, prompt=comment.prompt_id)
    return requests.select_related("version").filter(pk=comment.change_request_id).first()


def _locked(comment: Comment, *, by: User | None) -> Comment:
    found = Comment.objects.select_for_update(of=("self",)).select_related("prompt__project", "version")
    locked = found.get(pk=comment.pk)
    demand(project=locked.prompt.project, action=Action.GIVE_FEEDBACK, by=by)
    return locked


def _own(comment: Comment, *, by: User | None) -> Comment:
    locked = _locked(comment, by=by)
    if by is None or locked.author_id != by.pk:
        raise NotYourComment
    if locked.deleted_at:
        raise CommentDeleted
    return locked


def _root(comment: Comment, *, by: User | None) -> Comment:
    locked = _locked(comment, by=by)
    if locked.parent_id is not None:
        raise AnswerToAnswer
    return locked


def _threads(comments: Any) -> list[Thread]:
    found: Sequence[Comment] = comments.select_related("author", "resolved_by").order_by("pk")
    threads: dict[int, Thread] = {}
    for comment in found:
        if comment.parent_id is None:
            threads[comment.pk] = Thread(comment, [])
        elif comment.parent_id in threads:
            threads[comment.parent_id].answers.append(comment)
    return list(threads.values())


def _place(comment: Comment) -> tuple[bool, int, int, int]:
    return comment.message is None, comment.message or 0, comment.line or 0, comment.pk
