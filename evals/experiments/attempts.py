"""Every call of an experiment as a row, written before it is made, with the money that is set aside for it.

Locks are always taken in this order: the experiment, the day's spending, the cells.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from evals.experiments.models import AttemptOutcome, Experiment, ExperimentAttempt, ExperimentState, Purpose
from projects import spending_batches
from projects.spending import SpendingLimitReached, in_dollars

# The cell, its lease, the purpose and the step.
_Key: TypeAlias = tuple[int, uuid.UUID, str, int]
# Longer than a worker may hold a cell: a turn, and the longest call in it.
_LOST_AFTER = timedelta(minutes=10)

_OPEN = """
    INSERT INTO experiment_attempt (project_id, cell_id, purpose, lease_token, step, expense_id, reserved_nano_usd, outcome)
    SELECT %s, n.cell, n.purpose, n.token, n.step, n.expense, n.reserved, 'running'
      FROM unnest(%s::bigint[], %s::text[], %s::uuid[], %s::int[], %s::bigint[], %s::bigint[])
           AS n(cell, purpose, token, step, expense, reserved)
    RETURNING id, cell_id, lease_token, purpose, step
"""
_CLOSE = """
    UPDATE experiment_attempt a SET outcome = n.outcome, cost_nano_usd = n.cost, ended_at = statement_timestamp()
      FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS n(id, outcome, cost)
     WHERE a.id = n.id AND a.outcome = 'running' RETURNING a.id, a.expense_id, a.reserved_nano_usd, a.cost_nano_usd
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that is to be made, and what it costs at most."""

    cell_id: int
    token: uuid.UUID
    purpose: Purpose
    step: int
    worst_nano_usd: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that ended, and what it cost."""

    attempt_id: int
    outcome: AttemptOutcome
    cost_nano_usd: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The attempts that may be made, in the order of what was wanted; None for a call that may not.

    `shortage` says why not all of them; `is_final` that no money comes back by itself, and `is_used_up` that what this
    experiment may cost is spent.
    """

    attempt_ids: list[int | None]
    shortage: str = ""
    is_final: bool = False
    is_used_up: bool = False


@transaction.atomic
def open_calls(*, experiment_id: int, wanted: Sequence[Wanted]) -> Opened:
    """Write down calls that are about to be made, as many as there is money for, from the first on.

    What was written down already, and nobody heard of because the answer of the database was lost, is not paid for again.
    """
    experiment = Experiment.objects.select_for_update(of=("self",)).filter(pk=experiment_id).first()
    if experiment is None or experiment.state != ExperimentState.RUNNING:
        return Opened([None] * len(wanted), "The experiment does not run any more.")
    ids, closed = _known(wanted)
    opened = _open_new(experiment, [one for one in wanted if _key(one) not in ids and _key(one) not in closed], ids)
    return replace(opened, attempt_ids=[ids.get(_key(one)) for one in wanted])


def _open_new(experiment: Experiment, wanted: Sequence[Wanted], ids: dict[_Key, int]) -> Opened:
    """Write down as many of the calls as there is money for, and add their attempts to `ids`."""
    left = experiment.cap_nano_usd - experiment.spent_nano_usd - experiment.reserved_nano_usd
    count = _affordable([one.worst_nano_usd for one in wanted], left)
    shortage = "" if count == len(wanted) else _beyond_cap(experiment, wanted[count].worst_nano_usd)
    is_cap = bool(shortage)
    expenses: list[int | None] = []
    try:
        expenses = _reserved(experiment, [one.worst_nano_usd for one in wanted[:count]])
    except SpendingLimitReached as error:
        shortage, is_cap = str(error), False
    if len(expenses) < count and not shortage:
        shortage = "The limit of what may be spent in a day is nearly reached."
    chosen = wanted[: len(expenses)]
    Experiment.objects.filter(pk=experiment.pk).update(
        reserved_nano_usd=F("reserved_nano_usd") + sum(one.worst_nano_usd for one in chosen)
    )
    ids |= _insert(experiment.project_id, chosen, expenses)
    is_final = bool(shortage) and not chosen and not _is_money_out(experiment.pk)
    return Opened([], shortage, is_final, is_used_up=is_final and is_cap)


@transaction.atomic
def close_calls(*, experiment_id: int, ended: Sequence[Ended]) -> None:
    """Write down how calls ended and settle what was set aside; what is closed already stays as it is."""
    if not ended:
        return
    Experiment.objects.select_for_update(of=("self",)).filter(pk=experiment_id).first()
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSE,
            [
                [one.attempt_id for one in ended], [one.outcome.value for one in ended],
                [one.cost_nano_usd for one in ended],
            ],
        )  # fmt: skip
        closed = cursor.fetchall()
    spending_batches.settle(costs_nano_usd={expense: cost for _, expense, _, cost in closed if expense is not None})
    Experiment.objects.filter(pk=experiment_id).update(
        reserved_nano_usd=F("reserved_nano_usd") - sum(reserved for _, _, reserved, _ in closed),
        spent_nano_usd=F("spent_nano_usd") + sum(cost for *_, cost in closed),
    )


def close_lost(*, experiment_id: int, cell_ids: Sequence[int], tokens: Sequence[uuid.UUID]) -> None:
    """Count the calls of workers that died as if they had cost all that was set aside: the provider may have billed them."""
    lost = ExperimentAttempt.objects.filter(cell__in=cell_ids, outcome=AttemptOutcome.RUNNING)
    lost = lost.exclude(lease_token__in=tokens)
    _close_as_lost(experiment_id, list(lost))


def close_forgotten() -> int:
    """Settle calls of dead workers whose cells nobody will take up again; return how many."""
    old = ExperimentAttempt.objects.filter(outcome=AttemptOutcome.RUNNING, started_at__lt=Now() - _LOST_AFTER)
    found = list(old.select_related("cell")[:500])
    for experiment_id in {attempt.cell.experiment_id for attempt in found}:
        _close_as_lost(experiment_id, [one for one in found if one.cell.experiment_id == experiment_id])
    return len(found)


def _close_as_lost(experiment_id: int, lost: Sequence[ExperimentAttempt]) -> None:
    ended = [Ended(attempt.pk, AttemptOutcome.LOST, attempt.reserved_nano_usd) for attempt in lost]
    close_calls(experiment_id=experiment_id, ended=ended)


def _affordable(amounts: Sequence[int], left: int) -> int:
    for count, amount in enumerate(amounts):
        # What costs nothing is never too dear.
        if amount > left and amount:
            return count
        left -= amount
    return len(amounts)


def _reserved(experiment: Experiment, amounts: Sequence[int]) -> list[int | None]:
    """Return the expenses of the calls that the day's limits allow, from the first on; None for those without a price."""
    paid = [amount for amount in amounts if amount]
    expenses = iter(
        spending_batches.reserve(
            project=experiment.project, amounts_nano_usd=paid, purpose="experiment", by=experiment.created_by
        )
        if paid
        else []
    )
    found: list[int | None] = []
    for amount in amounts:
        expense = next(expenses, None) if amount else None
        if amount and expense is None:
            break
        found.append(expense)
    return found


def _is_money_out(experiment_id: int) -> bool:
    """Tell whether calls under way will give back some of what is set aside for them."""
    under_way = ExperimentAttempt.objects.filter(outcome=AttemptOutcome.RUNNING, reserved_nano_usd__gt=0)
    return under_way.filter(cell__experiment=experiment_id).exists()


def _key(wanted: Wanted) -> _Key:
    return wanted.cell_id, wanted.token, wanted.purpose.value, wanted.step


def _known(wanted: Sequence[Wanted]) -> tuple[dict[_Key, int], set[_Key]]:
    """Return the attempts among these that are under way already, and those that have ended."""
    rows = ExperimentAttempt.objects.filter(
        cell__in={one.cell_id for one in wanted}, lease_token__in={one.token for one in wanted}
    )  # fmt: skip
    running: dict[_Key, int] = {}
    closed: set[_Key] = set()
    for row in rows:
        key = (row.cell_id, row.lease_token, row.purpose, row.step)
        if row.outcome == AttemptOutcome.RUNNING:
            running[key] = row.pk
        else:
            closed.add(key)
    return running, closed


def _insert(project_id: int, wanted: Sequence[Wanted], expenses: Sequence[int | None]) -> dict[_Key, int]:
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _OPEN,
            [
                project_id, [one.cell_id for one in wanted], [one.purpose.value for one in wanted],
                [one.token for one in wanted], [one.step for one in wanted], list(expenses),
                [one.worst_nano_usd for one in wanted],
            ],
        )  # fmt: skip
        return {(cell, token, purpose, step): attempt for attempt, cell, token, purpose, step in cursor.fetchall()}


def _beyond_cap(experiment: Experiment, worst: int) -> str:
    spent, cap = in_dollars(experiment.spent_nano_usd), in_dollars(experiment.cap_nano_usd)
    way_out = "" if experiment.is_step else " Raise the limit of this experiment to go on."
    return f"{spent} of at most {cap} are spent, and the next answer may cost up to ${worst / 1e9:,.4f}.{way_out}"
