"""Pairs that reviewers judged: the answer they called better and the other one, to the same input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from evals.item_contents import MESSAGES
from evals.reviews.contents import MAX_TEXT
from evals.reviews.models import ItemState, ReviewItem
from evals.reviews.questions import LEFT, RIGHT
from evals.training.chats import Chat
from projects.models import Project

_AT_ONCE = 50


def pairs(project: Project, mask: Callable[[str], str]) -> Iterator[tuple[str, Chat, dict[str, Any]]]:
    """Yield the group, the better answer in its chat and the worse answer of every pair that was settled."""
    rows = ReviewItem.objects.filter(project=project, rival_cell__isnull=False, state=ItemState.SETTLED)
    for item in rows.select_related("cell__item", "rival_cell").order_by("pk").iterator(chunk_size=_AT_ONCE):
        verdicts = set(map(str, item.accepted.values()))
        if (LEFT in verdicts) == (RIGHT in verdicts) or item.cell is None or item.rival_cell is None:
            continue
        left, right = item.cell.output, item.rival_cell.output
        if item.is_swapped:
            left, right = right, left
        better, worse = (left, right) if LEFT in verdicts else (right, left)
        messages = _messages(item.cell.item.input, mask)
        if messages and max(len(left), len(right)) <= MAX_TEXT:
            chat = Chat(tuple(messages), {"role": "assistant", "content": mask(better)})
            yield f"item {item.cell.item_id}", chat, {"role": "assistant", "content": mask(worse)}


def _messages(given: dict[str, Any], mask: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return what went in: the messages of the item, or its blanks as one text."""
    talk = given.get(MESSAGES)
    if isinstance(talk, list):
        return [
            {"role": str(one.get("role")), "content": mask(str(one.get("content") or ""))}
            for one in talk
            if isinstance(one, dict) and one.get("content")
        ]
    texts = [f"{name}: {value}" if len(given) > 1 else str(value) for name, value in given.items()]
    return [{"role": "user", "content": mask("\n".join(texts))}] if texts else []
