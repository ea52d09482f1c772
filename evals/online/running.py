"""Judges live calls one after the other, pays for judges within the limits, and puts the scores on the calls."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils import timezone

from evals.errors import CannotJudge, EvalsError, EvaluatorRefused, JudgeUnreachable
from evals.evaluators import definitions
from evals.evaluators.cases import ModelEvaluator, QuickEvaluator, as_model_evaluator
from evals.experiments.judging import SomethingBroke
from evals.judges import once
from evals.judges.once import Judged
from evals.online import live_calls
from evals.online.live_calls import LiveCall
from evals.online.models import OnlineEvaluation, OnlineEvaluationQuerySet, OnlineJudgement, OnlineState
from monitoring import scores
from monitoring.models import ScoreSource, ScoreType
from monitoring.scores import NewScore
from projects import spending
from projects.errors import ProjectsError
from projects.spending import SpendingLimitReached
from prompt_registry import texts
from prompt_registry.errors import PromptRegistryError
from prompt_registry.trial_money import Cost

log = structlog.get_logger("callboard.online")

PLAN_KIND, RUN_KIND = "online.plan", "online.run"
PURPOSE = "online evaluation"
RUN_SECONDS = 45.0
# Longer than one call of a judge may take.
_LEASE = timedelta(seconds=120)
# So many in a row that could not be judged mean that the judge does not work, not that the calls are odd.
_FAILURES = 5
_PAUSE = timedelta(minutes=10)
_FREE = Cost(0)
_NAME_CHARS = 80


class _Stop(Exception):
    """Nothing more can be judged for now; carries the reason, and until when."""

    def __init__(self, reason: str, until: datetime | None) -> None:
        super().__init__(reason)
        self.until = until


def run(*, online_id: int, seconds: float = RUN_SECONDS) -> bool:
    """Judge calls that nobody judged yet, as many as the time allows; tell whether some are left."""
    online = _taken(online_id)
    if online is None:
        return False
    try:
        return _judge_all(online, time.monotonic() + seconds)
    except _Stop as stop:
        _block(online, str(stop), stop.until)
        return False
    finally:
        _mine(online).update(leased_until=None)


def spent_today(online: OnlineEvaluation) -> int:
    """Return what judging cost since midnight UTC, in billionths of a dollar; calls that were deleted count too."""
    today = OnlineEvaluation.objects.filter(pk=online.pk, spent_on=_midnight().date())
    return today.values_list("spent_nano_usd", flat=True).first() or 0


def _taken(online_id: int) -> OnlineEvaluation | None:
    """Take it for a while; None when somebody else has it, or it does not watch."""
    free = OnlineEvaluation.objects.due().filter(Q(leased_until=None) | Q(leased_until__lt=Now()), pk=online_id)
    taken = free.update(
        leased_until=Now() + _LEASE, lease_token=uuid.uuid4(), state=OnlineState.ACTIVE, reason="", blocked_until=None
    )
    if not taken:
        return None
    return OnlineEvaluation.objects.select_related("project", "evaluator_version__evaluator").get(pk=online_id)


def _judge_all(online: OnlineEvaluation, deadline: float) -> bool:
    evaluator = _built(online)
    since, after, failures = live_calls.begin(online), UUID(int=0), 0
    while True:
        if not _is_still_mine(online):
            return False
        traces, found = live_calls.batch(online, since=since, after=after)
        for call in found:
            if time.monotonic() > deadline:
                return True
            if not _is_still_mine(online):
                return False
            judged = _judged(online, evaluator, call)
            _keep(online, call, judged)
            failures = failures + 1 if judged.error and call.case else 0
            if failures == _FAILURES:
                reason = f"The last {_FAILURES} calls could not be judged: {judged.error}"
                raise _Stop(reason, timezone.now() + _PAUSE)
            _advance(online, call.trace.started_at)
        if len(traces) < live_calls.AT_ONCE:
            _advance(online, timezone.now() - live_calls.SETTLED)
            return False
        since, after = traces[-1].started_at, traces[-1].trace_id
        _advance(online, since)
        if time.monotonic() > deadline:
            return True


def _built(online: OnlineEvaluation) -> QuickEvaluator | ModelEvaluator:
    try:
        return definitions.built(online.evaluator_version)
    except EvaluatorRefused as error:
        raise _Stop(f"The check cannot work any more. {error}", None) from error


def _is_still_mine(online: OnlineEvaluation) -> bool:
    """Hold on for longer; False when somebody paused, removed or took it meanwhile."""
    return bool(_mine(online).filter(state=OnlineState.ACTIVE).update(leased_until=Now() + _LEASE))


def _mine(online: OnlineEvaluation) -> OnlineEvaluationQuerySet:
    return OnlineEvaluation.objects.filter(pk=online.pk, lease_token=online.lease_token)


def _advance(online: OnlineEvaluation, moment: datetime) -> None:
    if moment > online.cursor_at:
        online.cursor_at = moment
        OnlineEvaluation.objects.filter(pk=online.pk).update(cursor_at=moment)


def _judged(online: OnlineEvaluation, evaluator: QuickEvaluator | ModelEvaluator, call: LiveCall) -> Judged:
    if call.case is None:
        return Judged(_FREE, error=call.problem)
    try:
        if (judge := as_model_evaluator(evaluator)) is not None:
            return _asked(online, judge, call)
        return Judged(_FREE, outcome=cast(QuickEvaluator, evaluator).judge(call.case))
    except (_Stop, DatabaseError):
        raise
    except CannotJudge as error:
        return Judged(_FREE, error=str(error))
    except (EvalsError, ProjectsError, PromptRegistryError) as error:
        raise _Stop(str(error), timezone.now() + _PAUSE) from error
    except Exception:  # the edge of one call: one that breaks the check must not keep the others waiting
        log.exception("evaluator_broke", evaluator_version=online.evaluator_version_id)
        return Judged(_FREE, error=str(SomethingBroke()))


def _asked(online: OnlineEvaluation, judge: ModelEvaluator, call: LiveCall) -> Judged:
    assert call.case is not None  # noqa: S101 - for the type checker
    try:
        worst = once.estimate(project=online.project, judge=judge, case=call.case).worst.nano_usd
        if spent_today(online) + worst > online.cap_nano_usd:
            cap = spending.in_dollars(online.cap_nano_usd)
            raise _Stop(
                f"The limit of {cap} a day does not allow another call. It goes on after midnight UTC.",
                _next_midnight(),
            )
        return once.ask(project=online.project, judge=judge, case=call.case, purpose=PURPOSE, by=None)
    except SpendingLimitReached as error:
        raise _Stop(str(error), _next_midnight()) from error
    except JudgeUnreachable as error:
        raise _Stop(str(error), None) from error


def _keep(online: OnlineEvaluation, call: LiveCall, judged: Judged) -> None:
    """Write down what was said, and put it on the call as a score; the same call never has two."""
    outcome = judged.outcome
    _add_to_today(online, judged.cost.nano_usd)
    try:
        with transaction.atomic():
            OnlineJudgement.objects.create(
                project_id=online.project_id, online_evaluation=online, evaluator_version=online.evaluator_version,
                trace_id=call.trace.trace_id, span_id=call.span.span_id, call_at=call.span.sort_at,
                value=outcome.value if outcome else None, passed=outcome.passed if outcome else None,
                why=texts.clean(outcome.why if outcome else judged.error), cost_nano_usd=judged.cost.nano_usd,
                is_simulated=judged.is_simulated,
            )  # fmt: skip
            if outcome:
                scores.record(
                    project_id=online.project_id, scores=[_score(online, call, outcome.value, texts.clean(outcome.why))]
                )
    except IntegrityError:
        # The call was deleted while it was judged, or it was judged already.
        return


def _add_to_today(online: OnlineEvaluation, nano_usd: int) -> None:
    if nano_usd:
        today = _midnight().date()
        before = Case(When(spent_on=today, then=F("spent_nano_usd")), default=0)
        OnlineEvaluation.objects.filter(pk=online.pk).update(spent_on=today, spent_nano_usd=before + nano_usd)


def _score(online: OnlineEvaluation, call: LiveCall, value: float, why: str) -> NewScore:
    key = f"callboard:online:{online.pk}:{call.trace.trace_id.hex}:{call.span.span_id}"
    return NewScore(
        id=uuid.uuid5(uuid.NAMESPACE_URL, key), trace_id=call.trace.trace_id, span_id=call.span.span_id,
        name=online.evaluator_version.evaluator.name[:_NAME_CHARS], data_type=ScoreType.NUMBER.value,
        source=ScoreSource.EVALUATOR.value, value=value, string_value=None, comment=why[: scores.MAX_TEXT], user_id="",
        created_at=timezone.now(),
    )  # fmt: skip


def _block(online: OnlineEvaluation, reason: str, until: datetime | None) -> None:
    mine = _mine(online).filter(state=OnlineState.ACTIVE)
    mine.update(state=OnlineState.BLOCKED, reason=texts.clean(reason)[:500], blocked_until=until)


def _midnight() -> datetime:
    return timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _next_midnight() -> datetime:
    return _midnight() + timedelta(days=1)
