"""How far a queue is, who answered how much, and how far the reviewers agree."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from evals.reviews.models import ItemState, QuestionKind, ReviewAnswer, Reviewer, ReviewQuestion, ReviewQueue
from evals.statistics import agreement
from evals.statistics.agreement import Agreed, Level


@dataclass(frozen=True, slots=True)
class Progress:
    """Items by what became of them, and answers."""

    total: int
    settled: int
    disputed: int
    answers: int

    @property
    def open(self) -> int:
        return self.total - self.settled - self.disputed


@dataclass(frozen=True, slots=True)
class QuestionAgreement:
    question: ReviewQuestion
    agreed: Agreed


def of(queue: ReviewQueue) -> Progress:
    """Return how far the queue is."""
    counts = queue.items.aggregate(
        total=Count("pk"), settled=Count("pk", filter=Q(state=ItemState.SETTLED)),
        disputed=Count("pk", filter=Q(state=ItemState.DISPUTED)),
    )  # fmt: skip
    return Progress(**counts, answers=ReviewAnswer.objects.filter(item__queue=queue).count())


def today(reviewer: Reviewer) -> int:
    """Return how many answers the reviewer gave in this queue since midnight."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return reviewer.answers.filter(created_at__gte=midnight).count()


def people(queue: ReviewQueue) -> list[Reviewer]:
    """Return who answered, the most diligent first, each with how many answers and flags, and when last."""
    return list(
        queue.reviewers.select_related("user", "guest_link")
        .annotate(
            answer_count=Count("answers"), flag_count=Count("answers", filter=Q(answers__is_flagged=True)),
            last_at=Max("answers__created_at"),
        )
        .filter(answer_count__gt=0)
        .order_by("-answer_count", "name")
    )  # fmt: skip


def agreements(queue: ReviewQueue) -> list[QuestionAgreement]:
    """Return the agreement on each question that has a verdict and was answered by two people on some items."""
    asked = [question for question in queue.questions.all() if question.is_verdict]
    said = _said(ReviewAnswer.objects.filter(item__queue=queue))
    found = ((question, agreement.of(_table(question, said), level=_level(question))) for question in asked)
    return [QuestionAgreement(question, agreed) for question, agreed in found if agreed]


def with_others(reviewer: Reviewer, question: ReviewQuestion) -> Agreed | None:
    """Return how far one reviewer agrees with the others; None while they share too few items to say."""
    shared = ReviewAnswer.objects.filter(item__answers__reviewer=reviewer)
    pairs = [
        (answers[reviewer.pk], other)
        for answers in _said(shared).values()
        if reviewer.pk in answers
        for person, other in answers.items()
        if person != reviewer.pk
    ]
    rows = [[_place(question, mine), _place(question, other)] for mine, other in pairs]
    found = agreement.of(rows, level=_level(question), with_interval=False)
    return found if found and found.is_enough else None


def _said(answers: QuerySet[ReviewAnswer]) -> dict[int, dict[int, dict[str, str]]]:
    """Return the values by item and reviewer."""
    found: dict[int, dict[int, dict[str, str]]] = {}
    rows = answers.filter(cannot_tell=False).order_by("item_id", "reviewer_id")
    for item_id, reviewer_id, values in rows.values_list("item_id", "reviewer_id", "values"):
        found.setdefault(item_id, {})[reviewer_id] = values
    return found


def _table(question: ReviewQuestion, said: dict[int, dict[int, dict[str, str]]]) -> list[list[int | None]]:
    reviewers = sorted({person for answers in said.values() for person in answers})
    return [[_place(question, answers.get(person, {})) for person in reviewers] for answers in said.values()]


def _place(question: ReviewQuestion, values: dict[str, str]) -> int | None:
    value = values.get(question.name)
    return question.options.index(value) if value in question.options else None


def _level(question: ReviewQuestion) -> Level:
    return Level.ORDINAL if question.kind == QuestionKind.SCALE else Level.NOMINAL
