"""Comments beside the text that is being written: those on the version it began with, where their lines are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.urls import reverse

from prompt_registry import alignments, comments
from prompt_registry.comments import Anchor, LineUnknown, Thread
from prompt_registry.marks import Level, Mark
from prompt_registry.models import Comment, PromptVersion

# Of a longer text only the messages are matched: each line is a look-up.
_MOST_LINES = 5_000
_SHOWN = 300
# A line may be a long paragraph; its beginning is enough to find it.
_MARKED = 40


@dataclass(frozen=True, slots=True)
class Note:
    """An open thread beside the draft: `line` is where its line is now, 0 when it is about the whole or has changed."""

    comment: Comment
    line: int
    has_changed: bool
    answers: int
    url: str


@dataclass(frozen=True, slots=True)
class Margin:
    """The notes by message of the draft, those about the whole, and which message of the version each message was."""

    by_message: Mapping[int, list[Note]] = field(default_factory=dict)
    on_whole: Sequence[Note] = ()
    origins: Mapping[int, int] = field(default_factory=dict)


def margin_of(version: PromptVersion, texts: Sequence[str]) -> Margin:
    """Return the open comments on a version beside these messages that were made of it."""
    threads = [thread for thread in comments.of_version(version) if not thread.is_resolved]
    before = comments.lines_of(version)
    origins = _origins(["\n".join(lines) for lines in before], texts)
    places = {origin: place for place, origin in origins.items()}
    by_message: dict[int, list[Note]] = {}
    on_whole = []
    for thread in threads:
        place = places.get(thread.anchor.message) if thread.anchor else None
        if thread.anchor is None or place is None:
            on_whole.append(_note(thread, version, 0, has_changed=thread.anchor is not None))
            continue
        line = _line_now(before[thread.anchor.message], texts[place].split("\n"), thread.anchor.line)
        by_message.setdefault(place, []).append(_note(thread, version, line, has_changed=not line))
    return Margin(by_message, on_whole, origins)


def marks_of(margin: Margin, texts: Sequence[str]) -> list[Mark]:
    """Return the lines with comments as marks in the text; places count UTF-16 units, as browsers do."""
    found = []
    for place, notes in margin.by_message.items():
        lines = texts[place].split("\n")
        for note in notes:
            if not note.line or note.comment.is_deleted:
                continue
            start = sum(_units(line) + 1 for line in lines[: note.line - 1])
            author = note.comment.author.display_name if note.comment.author else "Somebody"
            sentence = f"{author}: {note.comment.text[:_SHOWN]}"
            found.append(Mark(Level.INFO, sentence, place, start, start + _units(lines[note.line - 1][:_MARKED])))
    return found


def anchor_of(version: PromptVersion, near: Anchor, text: str) -> Anchor:
    """Return the line of the version that holds this text, the nearest one when several do."""
    messages = comments.lines_of(version)
    lines = messages[near.message] if near.message < len(messages) else []
    wanted = text.removesuffix("\r")
    same = [number for number, line in enumerate(lines, start=1) if line == wanted]
    if not same:
        raise LineUnknown(
            f"This line is not in v{version.number} yet. Save a version and comment on it there, or comment on the whole version."
        )
    return Anchor(near.message, min(same, key=lambda number: abs(number - near.line)))


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _origins(before: Sequence[str], now: Sequence[str]) -> dict[int, int]:
    """Return which message of the version each message of the draft was, as far as that can be told."""
    found: dict[int, int] = {}
    for block in alignments.align(before, now):
        # What was rewritten keeps its place among its neighbours.
        found |= dict(zip(range(block.b_start, block.b_end), range(block.a_start, block.a_end), strict=False))
    # What was moved as it is.
    free = [place for place in range(len(now)) if place not in found]
    taken = set(found.values())
    for place in free:
        same = [origin for origin, text in enumerate(before) if origin not in taken and text == now[place]]
        if same:
            found[place] = same[0]
            taken.add(same[0])
    return found


def _line_now(before: Sequence[str], now: Sequence[str], line: int) -> int:
    """Return where a line is now, 0 when it was changed or taken out."""
    if len(before) + len(now) > _MOST_LINES:
        return line if line <= min(len(before), len(now)) and before[line - 1] == now[line - 1] else 0
    for block in alignments.align(before, now):
        if block.is_same and block.a_start < line <= block.a_end:
            return block.b_start + line - block.a_start
    return 0


def _note(thread: Thread, version: PromptVersion, line: int, *, has_changed: bool) -> Note:
    prompt, comment = version.prompt, thread.comment
    page = reverse("prompt-version", args=[prompt.project.slug, prompt.pk, version.number])
    return Note(comment, line, has_changed, len(thread.answers), f"{page}#comment-{comment.pk}")
