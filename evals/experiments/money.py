"""What an experiment will about cost and what it costs at most, before anything is asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from evals.evaluators.cases import Question
from evals.experiments import answer_cache, choices, judging, predictions, sampling
from evals.experiments.frozen import Column, column_of, limited, twins_of
from evals.experiments.judging import Judge, Verdict
from evals.experiments.plans import ExperimentPlan, Sampling
from evals.experiments.predictions import Usual
from evals.models import DatasetItem
from projects.models import Project
from prompt_registry import connections, trial_money
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import ProviderConnection
from prompt_registry.prices import books
from prompt_registry.prices.costs import Book
from prompt_registry.providers.values import Usage
from prompt_registry.trial_money import Cost

# The price of very many items is worked out from so many of them.
SAMPLE = 200
_AT_ONCE = 64
_FREE = Cost(0)
_ANSWER = "An answer as long as most of them are. "


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many answers and calls an experiment takes, how many of them are known already, the price, and the time."""

    cells: int
    calls: int
    cached: int
    expected: Cost
    worst: Cost
    seconds: float


@dataclass(frozen=True, slots=True)
class _Sum:
    """The same of some cells; `seconds` is the work of all their calls one after the other."""

    calls: int = 0
    cached: int = 0
    expected: Cost = _FREE
    worst: Cost = _FREE
    seconds: float = 0.0

    def __add__(self, other: _Sum) -> _Sum:
        return _Sum(
            self.calls + other.calls, self.cached + other.cached, self.expected + other.expected,
            self.worst + other.worst, self.seconds + other.seconds,
        )  # fmt: skip

    def times(self, factor: float) -> _Sum:
        """Return the calls, what they cost and how long they take, so many times."""
        return replace(
            self, calls=round(self.calls * factor), expected=_times(self.expected, factor),
            worst=_times(self.worst, factor), seconds=self.seconds * factor,
        )  # fmt: skip


def estimate(*, plan: ExperimentPlan) -> Estimate:
    """Return what the plan takes; items whose blanks are not filled cost nothing."""
    ids = list(choices.items_of(plan).values_list("pk", flat=True))
    sample = list(DatasetItem.objects.filter(pk__in=_spread(ids)).by_number())
    return of_sample(plan=plan, sample=sample, count=len(ids))


def of_sample(*, plan: ExperimentPlan, sample: Sequence[DatasetItem], count: int) -> Estimate:
    """Return what the plan takes on so many items that are like the sample; they need not be stored yet."""
    total = _Sum()
    columns = [column_of(variant) for variant in plan.variants]
    for number, (column, twin) in enumerate(zip(columns, twins_of(columns), strict=True)):
        total += _Pricing(plan, column, number, twin).of(sample)
    times = count / len(sample) if sample else 0.0
    judged = count * len(plan.variants) * plan.repetitions
    return Estimate(
        cells=judged, calls=round(total.calls * times), cached=round(total.cached * times),
        expected=_times(total.expected, times), worst=_times(total.worst, times),
        seconds=total.seconds * times / min(_AT_ONCE, max(1, judged)),
    )  # fmt: skip


class _Pricing:
    """Prices the answers of one column, and the judges of them."""

    def __init__(self, plan: ExperimentPlan, column: Column, number: int, twin: int) -> None:
        self._column, self._number, self._twin = column, number, twin
        self._repetitions = plan.repetitions
        self._project: Project = plan.dataset.project
        self._book: Book = books.of(self._project.pk)
        self._provider = _address(self._project, column.variant.connection_id)
        self._usual = predictions.usual(
            project=self._project, model=column.variant.model, longest=column.variant.settings.max_tokens
        )
        self._uses_cache = plan.uses_cache
        judges = judging.ready(plan.evaluators)
        self._judges = [judge for judge in judges if judge.asks_model and (number or not judge.compares)]
        self._simulated = _simulated(self._project, self._judges)

    def of(self, items: Iterable[DatasetItem]) -> _Sum:
        if self._column.variant.is_recorded:
            return sum((self._judged(item) for item in items), _Sum())
        questions = [(item, question) for item in items if (question := self._question(item)) is not None]
        known = self._known(questions)
        total = _Sum(cached=known)
        if questions:
            price = sum((self._answer(question) for _, question in questions), _Sum())
            total += price.times(self._repetitions - known / len(questions))
        judged = sum((self._judged(item) for item, _ in questions), _Sum())
        return total + judged.times(self._repetitions)

    def _question(self, item: DatasetItem) -> Question | None:
        try:
            return self._column.question(item.input)
        except PromptRegistryError:
            return None

    def _known(self, questions: Sequence[tuple[DatasetItem, Question]]) -> int:
        if not self._uses_cache or self._column.variant.sampling != Sampling.ONCE:
            return 0
        keys = [
            answer_cache.key_of(
                provider=self._provider, question=question, repetition=repetition, step=0, twin=self._twin
            )
            for _, question in questions
            for repetition in range(self._repetitions)
        ]
        return answer_cache.count(project_id=self._project.pk, keys=keys)

    def _answer(self, question: Question) -> _Sum:
        variant = self._column.variant
        calls = sampling.calls_of(sampling=variant.sampling, samples=variant.samples)
        # Each round of a self-critique reads what was written in those before.
        read_again = sum(range(calls)) if variant.sampling == Sampling.SELF_CRITIQUE else 0
        one = self._price(question, self._usual, is_simulated=variant.is_simulated)
        longest = question.settings.max_tokens or 0
        again = [
            trial_money.cost_of(
                book=self._book, model=variant.model, usage=Usage(read_again * tokens, 0), is_simulated=variant.is_simulated
            )
            for tokens in (self._usual.tokens, longest)
        ]  # fmt: skip
        return _Sum(
            calls=calls, expected=_times(one.expected, calls) + again[0], worst=_times(one.worst, calls) + again[1],
            seconds=one.seconds * calls,
        )  # fmt: skip

    def _judged(self, item: DatasetItem) -> _Sum:
        answer = (_ANSWER * math.ceil(self._usual.tokens * 4 / len(_ANSWER)))[: self._usual.tokens * 4]
        case = judging.case_of(_Supposed(answer), item, answer if self._number else None)
        total = _Sum()
        for judge in self._judges:
            questions = judging.questions_of(judge, case)
            if isinstance(questions, Verdict):
                continue
            for question in questions:
                total += self._price(question, Usual(), is_simulated=self._simulated[judge.version_id])
        return total

    def _price(self, question: Question, usual: Usual, *, is_simulated: bool) -> _Sum:
        settings = limited(question.settings)
        worst = trial_money.estimate(
            book=self._book, messages=question.messages, settings=settings, is_simulated=is_simulated
        ).worst
        usage = trial_money.guessed_usage(messages=question.messages, settings=settings, text="")
        expected = trial_money.cost_of(
            book=self._book, model=settings.model, is_simulated=is_simulated,
            usage=replace(usage, output_tokens=min(usual.tokens, settings.max_tokens or usual.tokens)),
        )  # fmt: skip
        return _Sum(calls=1, expected=expected, worst=worst, seconds=usual.seconds)


@dataclass(frozen=True, slots=True)
class _Supposed:
    output: str


def _spread(ids: Sequence[int]) -> list[int]:
    """Return some of the items, evenly spread over all."""
    if len(ids) <= SAMPLE:
        return list(ids)
    return [ids[place * len(ids) // SAMPLE] for place in range(SAMPLE)]


def _times(cost: Cost, factor: float) -> Cost:
    return replace(cost, nano_usd=round(cost.nano_usd * factor))


def _address(project: Project, connection_id: int) -> str:
    row = ProviderConnection.objects.filter(project=project, pk=connection_id).first()
    return connections.opened(row).base_url if row else ""


def _simulated(project: Project, judges: Sequence[Judge]) -> dict[int, bool]:
    ids = {judge.version_id: asked.connection_id for judge in judges if (asked := judge.model_evaluator) is not None}
    rows = ProviderConnection.objects.filter(project=project, pk__in=ids.values(), is_simulated=True)
    simulated = set(rows.values_list("pk", flat=True))
    return {version_id: connection_id in simulated for version_id, connection_id in ids.items()}
