"""Puts accepted answers about recorded calls on their traces, as scores of people, and takes them away with the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.utils import timezone

from evals.reviews.models import ItemState, QuestionKind, ReviewItem, ReviewQuestion
from evals.reviews.questions import YES
from monitoring import scores
from monitoring.models import ScoreSource, ScoreType, span_hex


def follow(*, item: ReviewItem, asked: Sequence[ReviewQuestion], author_id: int | None, note: str = "") -> None:
    """Make the scores on the trace say what the item says now."""
    if item.trace_id is None or item.is_pair:
        return
    said = item.accepted if item.state == ItemState.SETTLED else {}
    ids = {question.name: _score_id(item, question) for question in asked}
    gone = [ids[name] for name in ids if name not in said]
    scores.withdraw(project_id=item.project_id, score_ids=gone)
    now = timezone.now()
    new = [
        scores.checked(_described(item, question, said[question.name], note), now=now, source=ScoreSource.HUMAN, author_id=author_id)
        for question in asked
        if question.name in said
    ]  # fmt: skip
    scores.record(project_id=item.project_id, scores=new)


def _described(item: ReviewItem, question: ReviewQuestion, value: str, note: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": str(_score_id(item, question)), "trace_id": item.trace_id.hex if item.trace_id else "", "name": question.name,
        "span_id": span_hex(item.span_id) if item.span_id is not None else "", "comment": note if question.is_verdict else "",
    }  # fmt: skip
    return found | _value(question, value)


def _value(question: ReviewQuestion, value: str) -> dict[str, Any]:
    if question.kind == QuestionKind.YES_NO:
        return {"data_type": ScoreType.BOOLEAN, "value": int(value == YES)}
    if question.kind == QuestionKind.SCALE:
        return {"data_type": ScoreType.NUMBER, "value": question.options.index(value) + 1}
    types = {QuestionKind.CHOICE: ScoreType.CATEGORY, QuestionKind.CORRECTION: ScoreType.CORRECTION}
    return {"data_type": types.get(QuestionKind(question.kind), ScoreType.TEXT), "string_value": value}


def _score_id(item: ReviewItem, question: ReviewQuestion) -> UUID:
    return uuid5(NAMESPACE_URL, f"callboard:review:{item.queue_id}:{item.pk}:{question.position}")
