"""Asks models about the findings of detectors, one call after the other, within the money of a day."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, models
from django.db.models import F, Q, QuerySet, When
from django.db.models.functions import Now
from django.utils import timezone

from evals.errors import CannotJudge, EvalsError, JudgeUnreachable
from evals.evaluators.cases import Case
from evals.judges import once
from evals.judges.once import Judged
from evals.second_opinions.questions import ABOUT, USER, SecondOpinionOn
from monitoring.analysis import opinions, surroundings, texts
from monitoring.analysis.models import DetectorJudge
from monitoring.analysis.opinions import Opinion, Unasked
from projects import spending
from projects.errors import ProjectsError
from projects.spending import SpendingLimitReached
from prompt_registry import texts as cleaning
from prompt_registry.errors import PromptRegistryError
from prompt_registry.trial_money import Cost

PLAN_KIND, RUN_KIND = "opinions.plan", "opinions.run"
PURPOSE = "second opinion"
RUN_SECONDS = 45.0
_AT_ONCE = 20
# Longer than one call of a model may take.
_LEASE = timedelta(seconds=120)
# So many in a row without an answer mean that the model does not work, not that the calls are odd.
_FAILURES = 5
_PAUSE = timedelta(minutes=10)
# Until somebody saves it again.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class _Stop(Exception):
    """Nothing more can be asked for now; carries the reason, and until when."""

    def __init__(self, reason: str, until: datetime | None) -> None:
        super().__init__(reason)
        self.until = until


def due() -> list[DetectorJudge]:
    """Return those that may ask now."""
    return list(_due().only("pk", "project_id"))


def run(*, judge_id: int, seconds: float = RUN_SECONDS) -> bool:
    """Ask about calls that nobody was asked about yet, as many as the time allows; tell whether some are left."""
    judge = _taken(judge_id)
    if judge is None:
        return False
    try:
        return _ask_all(judge, time.monotonic() + seconds)
    except _Stop as stop:
        reason = cleaning.clean(str(stop))[:500]
        _mine(judge).update(reason=reason, blocked_until=stop.until or _NEVER)
        return False
    finally:
        _mine(judge).update(leased_until=None)


def _due() -> QuerySet[DetectorJudge]:
    return DetectorJudge.objects.filter(
        Q(blocked_until=None) | Q(blocked_until__lte=Now()), is_enabled=True, detector__in=list(ABOUT)
    )


def _taken(judge_id: int) -> DetectorJudge | None:
    """Take it for a while; None when somebody else has it, or it does not ask."""
    free = _due().filter(Q(leased_until=None) | Q(leased_until__lt=Now()), pk=judge_id)
    taken = free.update(leased_until=Now() + _LEASE, lease_token=uuid.uuid4(), reason="", blocked_until=None)
    return DetectorJudge.objects.select_related("project").get(pk=judge_id) if taken else None


def _mine(judge: DetectorJudge) -> QuerySet[DetectorJudge]:
    return DetectorJudge.objects.filter(pk=judge.pk, lease_token=judge.lease_token)


def _ask_all(judge: DetectorJudge, deadline: float) -> bool:
    failures = 0
    while found := opinions.unasked(judge, now=timezone.now(), limit=_AT_ONCE):
        for call, case in zip(found, _cases(found), strict=True):
            if time.monotonic() > deadline:
                return True
            # Hold on for longer; somebody may have changed or taken it meanwhile.
            if not _mine(judge).filter(is_enabled=True).update(leased_until=Now() + _LEASE):
                return False
            judged, was_asked = _judged(judge, case)
            _keep(judge, call, judged)
            failures = failures + 1 if judged.error and was_asked else 0
            if failures == _FAILURES:
                reason = f"The last {_FAILURES} questions got no answer: {judged.error}"
                raise _Stop(reason, timezone.now() + _PAUSE)
    return False


def _cases(found: Sequence[Unasked]) -> list[Case]:
    spans = [call.span for call in found]
    parts = [texts.read(span, around).parts for span, around in zip(spans, surroundings.of_calls(spans), strict=True)]
    return [Case(output=part.output, context=part.context or None, inputs={USER: part.input}) for part in parts]


def _judged(judge: DetectorJudge, case: Case) -> tuple[Judged, bool]:
    """Return what the model says, and whether it was asked at all."""
    asks = SecondOpinionOn(judge.connection_id, judge.model, judge.detector)
    try:
        worst = once.estimate(project=judge.project, judge=asks, case=case).worst.nano_usd
        if _spent_today(judge) + worst > judge.cap_nano_usd:
            cap = spending.in_dollars(judge.cap_nano_usd)
            reason = f"The limit of {cap} a day does not allow another question. It goes on after midnight UTC."
            raise _Stop(reason, _next_midnight())
        return once.ask(project=judge.project, judge=asks, case=case, purpose=PURPOSE, by=None), True
    except CannotJudge as error:
        return Judged(Cost(0), error=str(error)), False
    except SpendingLimitReached as error:
        raise _Stop(str(error), _next_midnight()) from error
    except JudgeUnreachable as error:
        raise _Stop(str(error), None) from error
    except DatabaseError:
        raise
    except (EvalsError, ProjectsError, PromptRegistryError) as error:
        raise _Stop(str(error), timezone.now() + _PAUSE) from error


def _keep(judge: DetectorJudge, call: Unasked, judged: Judged) -> None:
    outcome = judged.outcome
    _add_to_today(judge, judged.cost.nano_usd)
    opinion = Opinion(None, cleaning.clean(judged.error)[:1_000])
    if outcome:
        quote = cleaning.clean(str(outcome.detail.get("quote", "")))[:1_000] if outcome.detail.get("is_quoted") else ""
        is_unclear = bool(outcome.detail.get("is_unclear"))
        opinion = Opinion(None if is_unclear else not outcome.passed, cleaning.clean(outcome.why), quote)
    opinions.store(
        judge=judge, call=call, opinion=opinion, is_simulated=judged.is_simulated, cost_nano_usd=judged.cost.nano_usd
    )


def _spent_today(judge: DetectorJudge) -> int:
    today = DetectorJudge.objects.filter(pk=judge.pk, spent_on=_midnight().date())
    return today.values_list("spent_nano_usd", flat=True).first() or 0


def _add_to_today(judge: DetectorJudge, nano_usd: int) -> None:
    if nano_usd:
        today = _midnight().date()
        before = models.Case(When(spent_on=today, then=F("spent_nano_usd")), default=0)
        DetectorJudge.objects.filter(pk=judge.pk).update(spent_on=today, spent_nano_usd=before + nano_usd)


def _midnight() -> datetime:
    return timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _next_midnight() -> datetime:
    return _midnight() + timedelta(days=1)
