"""Turns the answers of several reviewers into one that counts, or into a disagreement that somebody has to decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from evals.reviews import questions, trace_scores
from evals.reviews.errors import NothingToDecide, NotTheAdjudicator, QueueClosed
from evals.reviews.models import ItemState, ReviewItem, ReviewQuestion, ReviewQueue
from projects import audit
from projects.models import User
from projects.roles import Action
from prompt_registry.permissions import demand

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an item, and the accepted values by the name of the question."""

    state: str
    accepted: Values = field(default_factory=dict)


def outcome(
    said: Sequence[Values | None], *, asked: Sequence[ReviewQuestion], wanted: int, has_adjudicator: bool
) -> Settlement:
    """Return what the answers make of an item; None stands for somebody who could not tell.

    All verdicts alike: that is the answer. Otherwise the adjudicator decides, or the strict majority where there is none.
    """
    if len(said) < wanted:
        return Settlement(ItemState.OPEN)
    verdicts = [_verdict(values, asked) for values in said]
    (winner, votes), *_ = Counter(verdicts).most_common()
    is_enough = votes == len(said) if has_adjudicator else votes * 2 > len(said)
    if not is_enough:
        return Settlement(ItemState.DISPUTED)
    agreeing = [
        values for values, verdict in zip(said, verdicts, strict=True) if verdict == winner and values is not None
    ]
    return Settlement(ItemState.SETTLED, _merged(agreeing))


def settle(*, item: ReviewItem, queue: ReviewQueue) -> None:
    """Store what the answers make of the item, and the scores that follow; the caller holds the lock on its row."""
    if item.accepted_by_id is not None:
        return
    answers = list(item.answers.select_related("reviewer").order_by("created_at", "pk"))
    asked = list(queue.questions.all())
    found = outcome(
        [answer.verdict for answer in answers], asked=asked, wanted=queue.answers_wanted,
        has_adjudicator=queue.adjudicator_id is not None,
    )  # fmt: skip
    author = answers[0].reviewer.user_id if len(answers) == 1 else None
    _store(item, found, asked, author_id=author, note=" · ".join(answer.note for answer in answers if answer.note))


@transaction.atomic
def decide(*, item: ReviewItem, raw: dict[str, str], by: User) -> ReviewItem:
    """Let the chosen person decide what counts; the answers of the reviewers stay beside it."""
    # Whoever was chosen meanwhile counts, not whoever stood on the caller's page.
    locked = ReviewItem.objects.select_for_update(of=("self",)).select_related("queue__project").get(pk=item.pk)
    queue = locked.queue
    demand(project=queue.project, action=Action.GIVE_FEEDBACK, by=by)
    if queue.adjudicator_id not in (None, by.pk):
        raise NotTheAdjudicator
    if not queue.is_open:
        raise QueueClosed
    if locked.state != ItemState.DISPUTED:
        raise NothingToDecide
    asked = list(queue.questions.all())
    values = questions.answer_to(asked, raw)
    locked.accepted_by = by
    _store(locked, Settlement(ItemState.SETTLED, values), asked, author_id=by.pk)
    audit.record(action="review.decided", subject=queue.name, by=by, project=queue.project, item=item.pk)
    return locked


def _store(
    item: ReviewItem, found: Settlement, asked: Sequence[ReviewQuestion], *, author_id: int | None, note: str = ""
) -> None:
    item.state, item.accepted = found.state, found.accepted
    item.settled_at = timezone.now() if found.state == ItemState.SETTLED else None
    item.save(update_fields=["state", "accepted", "accepted_by", "settled_at"])
    trace_scores.follow(item=item, asked=asked, author_id=author_id, note=note)


def _verdict(values: Values | None, asked: Sequence[ReviewQuestion]) -> tuple[Any, ...] | None:
    if values is None:
        return None
    return tuple(values.get(question.name) for question in asked if question.is_verdict)


def _merged(agreeing: Sequence[Values]) -> Values:
    """Return the common verdict with the first text that somebody wrote for each question."""
    merged: Values = {}
    for values in agreeing:
        merged = values | merged
    return merged
