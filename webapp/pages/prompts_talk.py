"""What the page of a version shows of its comments: the text line by line with marks, and the threads beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from projects.roles import Action
from prompt_registry import comments, contents
from prompt_registry.comments import Anchor, Thread
from prompt_registry.contents import PLACEHOLDER_LABEL, Placeholder, PromptContent
from prompt_registry.models import Comment, PromptVersion
from prompt_registry.rendering import Piece
from webapp.access import ProjectRequest
from webapp.pages import prompts_lines
from webapp.pages.prompts_form import PLACEHOLDER, number_in

# Beyond this many lines the text is shown whole, without marks: each mark is a link of its own.
MOST_LINES = 2_000
_QUOTED = 80


@dataclass(frozen=True, slots=True)
class Failed:
    """A form that was refused: which one, what was typed into it and why it was refused."""

    form: str
    text: str
    error: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message as it was written, and the threads that are open on it."""

    anchor: Anchor
    pieces: list[tuple[Piece, int]]
    open_threads: int
    first_comment: int

    @property
    def key(self) -> str:
        return key_of(self.anchor)

    @property
    def address(self) -> str:
        return address_of(self.anchor)


@dataclass(frozen=True, slots=True)
class LinedMessage:
    """One message, line by line; an inserted conversation has a name instead of lines."""

    place: int
    role: str
    label: str
    lines: list[Line]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch of a comment: plain text, or the name of somebody."""

    text: str
    is_mention: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment as it is shown to this reader."""

    comment: Comment
    said: list[Said]
    is_mine: bool
    failed: Failed | None

    @property
    def text(self) -> str:
        """The text in the form that changes it: as it was typed last."""
        return self.failed.text if self.failed else self.comment.text


@dataclass(frozen=True, slots=True)
class Talk:
    """One thread as it is shown to this reader."""

    first: Remark
    answers: list[Remark]
    place: str
    quote: str
    address: str
    is_resolved: bool
    failed: Failed | None


def context_of(
    request: ProjectRequest, version: PromptVersion, content: PromptContent, failed: Failed | None
) -> dict[str, Any]:
    """Return what the templates need to show a version with its comments."""
    threads = comments.of_version(version)
    return {
        "lined": lined(content, threads),
        "messages_of_version": messages_of(content),
        "new_comment": {"on": _asked_for(request), "failed": failed if failed and failed.form == "new" else None},
        **talk_of(request, threads, version=version, failed=failed),
    }


def talk_of(
    request: ProjectRequest,
    threads: list[Thread],
    *,
    version: PromptVersion | None = None,
    failed: Failed | None = None,
) -> dict[str, Any]:
    """Return the threads for `prompts/threads.html`, the settled ones apart."""
    lines = comments.lines_of(version) if version is not None else []
    labels = [label for _, label, _ in labelled(contents.of_version(version))] if version is not None else []
    shown = [_talk(request, thread, lines, labels, failed) for thread in threads]
    return {
        "talks": [talk for talk in shown if not talk.is_resolved],
        "settled_talks": [talk for talk in shown if talk.is_resolved],
        "may_comment": request.membership.can(Action.GIVE_FEEDBACK),
        "talk_url": request.path if request.method == "GET" else "",
    }


def lined(content: PromptContent, threads: list[Thread]) -> list[LinedMessage]:
    """Return the messages as they were written, line by line; nothing when the prompt is too long for that."""
    found = prompts_lines.messages_of(content)
    if sum(len(message.lines) + message.unshown for message in found) > MOST_LINES:
        return []
    opened = Counter(thread.anchor for thread in threads if not thread.is_resolved)
    firsts = {thread.anchor: thread.comment.pk for thread in reversed(threads) if not thread.is_resolved}

    def marked(message: prompts_lines.LinedMessage) -> LinedMessage:
        anchors = [Anchor(message.place - 1, line.number) for line in message.lines]
        lines = [
            Line(anchor, line.pieces, opened[anchor], firsts.get(anchor, 0))
            for anchor, line in zip(anchors, message.lines, strict=True)
        ]
        return LinedMessage(message.place, message.role, message.label, lines, message.name)

    return [marked(message) for message in found]


def messages_of(content: PromptContent) -> list[tuple[int, str]]:
    """Return the messages that have lines, by their places from 0."""
    return [(index, label) for index, (role, label, _) in enumerate(labelled(content)) if role != PLACEHOLDER]


def labelled(content: PromptContent) -> list[tuple[str, str, str]]:
    """Return role, label and text of every message; the whole text of a prompt that is one."""
    if content.type == contents.TEXT:
        return [("text", "Text", content.text)]
    return [
        (PLACEHOLDER, PLACEHOLDER_LABEL, message.name) if isinstance(message, Placeholder)
        else (message.role, message.label, message.content)
        for message in content.messages
    ]  # fmt: skip


def key_of(anchor: Anchor) -> str:
    """Return the line as the form for a new comment names it."""
    return f"{anchor.message}.{anchor.line}"


def address_of(anchor: Anchor) -> str:
    """Return the id of the line on the page, which links lead to."""
    return f"m{anchor.message + 1}-l{anchor.line}"


def _asked_for(request: ProjectRequest) -> dict[str, int | None]:
    """Return the line that the form for a new comment is about: what was typed, or what the address names."""
    if request.method == "POST":
        typed = request.POST.get("message", "")
        message = number_in(request.POST, "message") if typed else None
        return {"message": message, "line": number_in(request.POST, "line") or None}
    message_text, _, line_text = request.GET.get("on", "").partition(".")
    if message_text.isascii() and message_text.isdigit() and line_text.isascii() and line_text.isdigit():
        return {"message": int(message_text[:6]), "line": int(line_text[:9])}
    return {"message": None, "line": None}


def _talk(
    request: ProjectRequest, thread: Thread, lines: list[list[str]], labels: list[str], failed: Failed | None
) -> Talk:
    anchor, place, quote = thread.anchor, "", ""
    if anchor is not None and anchor.message < len(lines) and anchor.line <= len(lines[anchor.message]):
        place = f"Line {anchor.line} of {labels[anchor.message]}"
        quote = lines[anchor.message][anchor.line - 1].strip()[:_QUOTED]
    wanted = f"answer-{thread.comment.pk}"
    return Talk(
        first=_remark(request, thread.comment, failed),
        answers=[_remark(request, answer, failed) for answer in thread.answers],
        place=place, quote=quote, address=address_of(anchor) if place and anchor else "", is_resolved=thread.is_resolved,
        failed=failed if failed and failed.form == wanted else None,
    )  # fmt: skip


def _remark(request: ProjectRequest, comment: Comment, failed: Failed | None) -> Remark:
    return Remark(
        comment=comment, said=said(comment.text, comment.mentions), is_mine=comment.author_id == request.user.pk,
        failed=failed if failed and failed.form == f"edit-{comment.pk}" else None,
    )  # fmt: skip


def said(text: str, mentions: Iterable[Sequence[int]]) -> list[Said]:
    """Return a comment's text with the names of people as stretches of their own."""
    pieces, end = [], 0
    for start, stop, _ in mentions:
        pieces += [Said(text[end:start]), Said(text[start:stop], is_mention=True)]
        end = stop
    return [piece for piece in (*pieces, Said(text[end:])) if piece.text]
