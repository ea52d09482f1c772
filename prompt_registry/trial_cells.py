"""The cells of a trial as work: who takes them, who holds them, and what every call of theirs cost."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from projects import spending
from projects.models import Project
from prompt_registry.trial_models import AttemptOutcome, CellState, TrialAttempt, TrialCell
from prompt_registry.trial_money import Cost

LEASE_SECONDS = 20
MAX_ATTEMPTS = 3
# Cells of one provider that are answered at the same moment, in whatever process and for whomever.
PER_CONNECTION = 8
_LOCK = 7_204_212

# Trials take turns. Within one, inputs come one after the other with all their variants at about the same time:
# whatever stops in between is comparable.
_CLAIM = """
    WITH waiting AS (
        SELECT id, connection_id, row_number() OVER (PARTITION BY trial_id ORDER BY "row", "column") AS turn
          FROM trial_cell
         WHERE state = 'ready' OR (state = 'running' AND lease_until <= statement_timestamp())
    ), busy AS (
        SELECT connection_id, count(*) AS calls FROM trial_cell
         WHERE state = 'running' AND lease_until > statement_timestamp() GROUP BY 1
    ), placed AS (
        SELECT id, turn, coalesce(calls, 0) + row_number() OVER (PARTITION BY connection_id ORDER BY turn, id) AS place
          FROM waiting LEFT JOIN busy USING (connection_id)
    )
    UPDATE trial_cell SET state = 'running', attempts = attempts + 1, lease_token = gen_random_uuid(), text = '',
           lease_until = statement_timestamp() + make_interval(secs => %(lease)s), revision = revision + 1
     WHERE id IN (SELECT id FROM placed WHERE place <= %(per_connection)s ORDER BY turn, id LIMIT %(limit)s)
       AND (state = 'ready' OR (state = 'running' AND lease_until <= statement_timestamp()))
    RETURNING id
"""
_WRITE = """
    UPDATE trial_cell c SET text = new.text, revision = revision + 1
      FROM unnest(%s::bigint[], %s::uuid[], %s::text[]) AS new(id, token, text)
     WHERE c.id = new.id AND c.lease_token = new.token AND c.state = 'running'
"""


@dataclass(frozen=True, slots=True)
class Result:
    """How the answer of a cell ended."""

    state: CellState
    outcome: AttemptOutcome
    text: str
    cost: Cost
    error: str = ""
    error_kind: str = ""
    detail: str = ""
    first_chunk_ms: float | None = None
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    model: str = ""
    is_simulated: bool = False
    finish_reason: str = ""


def claim(*, limit: int) -> list[TrialCell]:
    """Take waiting cells, and those whose worker went silent; must run inside a transaction."""
    values = {"lease": LEASE_SECONDS, "per_connection": PER_CONNECTION, "limit": limit}
    with connection.cursor() as cursor:
        # One after the other, or two workers would both see the same free places of a provider; who comes second looks again.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(_CLAIM, values)
        ids = [row[0] for row in cursor.fetchall()]
    return list(TrialCell.objects.filter(pk__in=ids).select_related("asked_by").order_by("row", "column"))


def open_attempt(*, project: Project, cell: TrialCell, worst: Cost) -> None:
    """Write down that the cell's question is about to be sent, with the money set aside for it.

    SpendingLimitReached when there is none.
    """
    expense = None
    if worst.nano_usd:
        expense = spending.reserve(
            project=project, amount_nano_usd=worst.nano_usd, purpose="trial", by=cell.asked_by
        )  # fmt: skip
    TrialAttempt.objects.create(
        project_id=cell.project_id, cell=cell, lease_token=cell.lease_token, expense_id=expense,
        reserved_nano_usd=worst.nano_usd,
    )  # fmt: skip


def close_lost(cell: TrialCell) -> None:
    """Count the calls of workers that died as if they had cost all that was set aside: the provider may have billed them."""
    lost = TrialAttempt.objects.filter(cell=cell, outcome=AttemptOutcome.RUNNING).exclude(lease_token=cell.lease_token)
    for attempt in lost:
        _close(attempt, outcome=AttemptOutcome.LOST, cost_nano_usd=attempt.reserved_nano_usd)


def write(texts: Sequence[tuple[TrialCell, str]]) -> None:
    """Store what has arrived so far, of the cells that are still held."""
    if not texts:
        return
    ids, tokens = [cell.pk for cell, _ in texts], [cell.lease_token for cell, _ in texts]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [ids, tokens, [text for _, text in texts]])


def held(cells: Sequence[TrialCell]) -> set[int]:
    """Return which of the cells this worker still holds: nobody stopped them or took them over."""
    mine = {(cell.pk, cell.lease_token) for cell in cells}
    rows = TrialCell.objects.filter(pk__in=[cell.pk for cell in cells], state=CellState.RUNNING)
    return {pk for pk, token in rows.values_list("pk", "lease_token") if (pk, token) in mine}


def renew(cells: Sequence[TrialCell]) -> None:
    """Hold on to the cells for longer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE trial_cell SET lease_until = statement_timestamp() + make_interval(secs => %s)"
            " WHERE id = ANY(%s) AND lease_token = ANY(%s) AND state = 'running'",
            [LEASE_SECONDS, [cell.pk for cell in cells], [cell.lease_token for cell in cells]],
        )


@transaction.atomic
def finish(*, cell: TrialCell, result: Result) -> None:
    """Store how the answer ended, unless somebody stopped the cell or another worker has it, and settle what it cost."""
    values = {
        "text": result.text, "error": result.error, "error_kind": result.error_kind, "detail": result.detail,
        "first_chunk_ms": result.first_chunk_ms, "latency_ms": result.latency_ms, "input_tokens": result.input_tokens,
        "output_tokens": result.output_tokens, "cost_nano_usd": result.cost.nano_usd, "model": result.model[:120],
        "is_price_known": result.cost.is_price_known, "is_simulated": result.is_simulated,
        "finish_reason": result.finish_reason[:40], "revision": F("revision") + 1, "lease_until": None,
    }  # fmt: skip
    mine = TrialCell.objects.filter(pk=cell.pk, lease_token=cell.lease_token)
    if not mine.filter(state=CellState.RUNNING).update(state=result.state, **values):
        mine.filter(state=CellState.STOPPED).update(**values | {"error": "", "error_kind": "", "detail": ""})
    for attempt in TrialAttempt.objects.filter(cell=cell, lease_token=cell.lease_token, outcome=AttemptOutcome.RUNNING):
        _close(attempt, outcome=result.outcome, cost_nano_usd=result.cost.nano_usd)


@transaction.atomic
def ask_again(*, cell: TrialCell, result: Result) -> None:
    """Pay for a try that came to nothing, and let the cell wait for another, which sets aside money of its own."""
    mine = TrialCell.objects.filter(pk=cell.pk, lease_token=cell.lease_token, state=CellState.RUNNING)
    mine.update(state=CellState.READY, lease_until=None, revision=F("revision") + 1)
    for attempt in TrialAttempt.objects.filter(cell=cell, lease_token=cell.lease_token, outcome=AttemptOutcome.RUNNING):
        _close(attempt, outcome=result.outcome, cost_nano_usd=result.cost.nano_usd)


@transaction.atomic
def give_back(cells: Sequence[TrialCell]) -> None:
    """Let other workers have the cells at once."""
    for cell in cells:
        mine = TrialCell.objects.filter(pk=cell.pk, lease_token=cell.lease_token, state=CellState.RUNNING)
        mine.update(state=CellState.READY, lease_token=uuid.uuid4(), lease_until=None, revision=F("revision") + 1)
        for attempt in TrialAttempt.objects.filter(
            cell=cell, lease_token=cell.lease_token, outcome=AttemptOutcome.RUNNING
        ):
            _close(attempt, outcome=AttemptOutcome.LOST, cost_nano_usd=attempt.reserved_nano_usd)


def _close(attempt: TrialAttempt, *, outcome: AttemptOutcome, cost_nano_usd: int) -> None:
    closed = TrialAttempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.RUNNING).update(
        outcome=outcome, cost_nano_usd=cost_nano_usd, ended_at=Now()
    )
    if closed and attempt.expense_id is not None:
        spending.settle(expense=attempt.expense_id, cost_nano_usd=cost_nano_usd)
