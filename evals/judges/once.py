"""Asks a judge about one answer, here and now: what that costs, and what comes of it. Experiments have their own way."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from evals.errors import CannotJudge, JudgeUnreachable
from evals.evaluators.cases import Case, ModelEvaluator, Outcome, Question
from projects import spending
from projects.models import Project, User
from prompt_registry import connections, texts, trial_money
from prompt_registry.models import ProviderConnection
from prompt_registry.prices import books
from prompt_registry.providers import running
from prompt_registry.providers.connections import Connection
from prompt_registry.providers.errors import AnswerTooLarge, MalformedAnswer, ProviderError, ProviderTimeout
from prompt_registry.providers.running import RunningCall
from prompt_registry.trial_money import Cost, Estimate

# A page waits for it.
SECONDS = 45.0
_FREE = Cost(0)
# The provider did the work, although nothing useful came of it.
_MAYBE_BILLED = (ProviderTimeout, MalformedAnswer, AnswerTooLarge)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said: an outcome or an error, and what asking cost."""

    cost: Cost
    outcome: Outcome | None = None
    error: str = ""
    is_simulated: bool = False


@dataclass(slots=True)
class _Asked:
    question: Question
    expense: int | None
    call: RunningCall
    cost: Cost = field(default=_FREE)


def connection_of(*, project: Project, judge: ModelEvaluator) -> ProviderConnection:
    """Return the provider that a judge asks."""
    row = ProviderConnection.objects.filter(project=project, pk=judge.connection_id).first()
    if row is None:
        raise JudgeUnreachable
    return row


def estimate(*, project: Project, judge: ModelEvaluator, case: Case) -> Estimate:
    """Return what judging one answer about costs and costs at most."""
    row, book = connection_of(project=project, judge=judge), books.of(project.pk)
    found = [
        trial_money.estimate(book=book, messages=one.messages, settings=one.settings, is_simulated=row.is_simulated)
        for one in judge.questions(case)
    ]
    return Estimate(
        sum((one.expected for one in found), _FREE), sum((one.worst for one in found), _FREE)
    )  # fmt: skip


def ask(*, project: Project, judge: ModelEvaluator, case: Case, purpose: str = "judge", by: User | None) -> Judged:
    """Return what the judge says about one answer.

    Money is set aside for every question before it is sent; SpendingLimitReached when there is too little.
    """
    row = connection_of(project=project, judge=judge)
    asked = _send(project, row, judge.questions(case), purpose, by)
    _wait(asked)
    for one in asked:
        one.cost = _cost(project, row, one)
        if one.expense is not None:
            spending.settle(expense=one.expense, cost_nano_usd=one.cost.nano_usd)
    return _read(judge, case, asked, is_simulated=row.is_simulated)


def _send(
    project: Project, row: ProviderConnection, questions: Sequence[Question], purpose: str, by: User | None
) -> list[_Asked]:
    opened, changed = connections.opened(row), threading.Event()
    # All or nothing: half of a comparison is worth nothing.
    expenses: list[int | None] = []
    try:
        for one in questions:
            expenses.append(_reserve(project, row, one, purpose, by))
    except spending.SpendingLimitReached:
        for expense in expenses:
            if expense is not None:
                spending.settle(expense=expense, cost_nano_usd=0)
        raise
    return [
        _Asked(one, expense, _start(opened, one, changed)) for one, expense in zip(questions, expenses, strict=True)
    ]


def _reserve(
    project: Project, row: ProviderConnection, question: Question, purpose: str, by: User | None
) -> int | None:
    worst = trial_money.estimate(
        book=books.of(project.pk), messages=question.messages, settings=question.settings, is_simulated=row.is_simulated
    ).worst
    if not worst.nano_usd:
        return None
    return spending.reserve(project=project, amount_nano_usd=worst.nano_usd, purpose=purpose, by=by)


def _start(opened: Connection, question: Question, changed: threading.Event) -> RunningCall:
    return running.start(
        connection=opened, messages=question.messages, settings=question.settings, changed=changed, total_seconds=SECONDS
    )  # fmt: skip


def _wait(asked: Sequence[_Asked]) -> None:
    # The calls end by themselves in time; this is for the case that they do not.
    deadline = time.monotonic() + SECONDS + 5
    while not all(one.call.is_done for one in asked) and time.monotonic() < deadline:
        asked[0].call.changed.wait(0.5)
        asked[0].call.changed.clear()
    for one in asked:
        if not one.call.is_done:
            one.call.cancel()


def _cost(project: Project, row: ProviderConnection, asked: _Asked) -> Cost:
    call, question = asked.call, asked.question
    usage = call.completion.usage if call.completion else None
    if call.completion is None and not call.text and not isinstance(call.error, _MAYBE_BILLED):
        return _FREE
    usage = usage or trial_money.guessed_usage(
        messages=question.messages, settings=question.settings, text=call.text
    )  # fmt: skip
    return trial_money.cost_of(
        book=books.of(project.pk), model=question.settings.model, usage=usage, is_simulated=row.is_simulated
    )


def _read(judge: ModelEvaluator, case: Case, asked: Sequence[_Asked], *, is_simulated: bool) -> Judged:
    cost = sum((one.cost for one in asked), _FREE)
    answers = []
    for one in asked:
        if one.call.completion is None:
            return Judged(cost, error=_refusal(one.call.error), is_simulated=is_simulated)
        answers.append(texts.clean(one.call.completion.text))
    try:
        return Judged(cost, outcome=judge.read(case, answers), is_simulated=is_simulated)
    except CannotJudge as error:
        return Judged(cost, error=str(error), is_simulated=is_simulated)


def _refusal(error: BaseException | None) -> str:
    if isinstance(error, ProviderError):
        return f"{error} {texts.clean(error.detail)}".strip()
    if error is None:
        return str(ProviderTimeout())
    raise error
