"""The cells of experiments as work: who takes them, who holds them, and how they end. Whoever lost the lease changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q

from evals.experiments.models import CellState, Experiment, ExperimentState, RunsIn
from evals.experiments.shares import Contender

LEASE_SECONDS = 20
MAX_ATTEMPTS = 6

_RUNNING = """
    SELECT e.id, e.project_id,
           (SELECT count(*) FROM experiment_cell c WHERE c.experiment_id = e.id
               AND c.state IN ('answering', 'judging') AND c.lease_until > statement_timestamp()),
           (SELECT count(*) FROM (SELECT 1 FROM experiment_cell c WHERE c.experiment_id = e.id
               AND c.state IN ('ready', 'answering', 'answered', 'judging') AND c.run_at <= statement_timestamp()
               AND (e.runs_in = 'workers' OR c.state IN ('answered', 'judging'))
               AND (c.lease_until IS NULL OR c.lease_until <= statement_timestamp()) LIMIT %s) AS open)
      FROM experiment e WHERE e.state = 'running' ORDER BY e.id
"""
# All variants of an item have the same prediction, so they are asked at about the same time; whatever stops in between
# is comparable. Long answers come first, so that no straggler makes the end wait. What a worker died over comes last: if it
# was the reason, nothing else suffers, and if not, it is not what the next death meets again.
_CLAIM = """
    UPDATE experiment_cell SET state = %(to)s, attempts = attempts + 1, lease_token = gen_random_uuid(),
           lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
     WHERE id = ANY(ARRAY(
        SELECT id FROM experiment_cell c
         WHERE experiment_id = %(experiment)s AND run_at <= statement_timestamp()
           AND state IN ('ready', 'answering', 'answered', 'judging')
           AND (state = %(from)s OR (state = %(to)s AND lease_until <= statement_timestamp())) {rival}
         ORDER BY state = %(to)s, {first}, item_id, repetition, "column" FOR UPDATE SKIP LOCKED LIMIT %(limit)s))
    RETURNING id, project_id, experiment_id, item_id, "column", repetition, attempts, lease_token, predicted_tokens, output,
              state = 'judging'
"""
# A comparison needs what column 0 said.
_RIVAL_IS_THERE = """
    AND ("column" = 0 OR NOT EXISTS (
        SELECT 1 FROM experiment_cell r WHERE r.experiment_id = c.experiment_id AND r.item_id = c.item_id
           AND r.repetition = c.repetition AND r."column" = 0 AND r.state IN ('ready', 'answering')))
"""
_LONGEST_FIRST = "predicted_tokens DESC"
# What may stop before its last item has to know more than the longest ones.
_MIXED = "hashint8(item_id)"
_ANSWERED = """
    UPDATE experiment_cell c SET state = n.state, output = n.output, latency_ms = n.latency_ms,
           input_tokens = n.input_tokens, output_tokens = n.output_tokens, cost_nano_usd = n.cost_nano_usd,
           is_price_known = n.is_price_known, is_cached = n.is_cached, is_simulated = n.is_simulated, model = n.model,
           finish_reason = n.finish_reason, attempts = 0, error = '', error_kind = '', detail = '', lease_until = NULL,
           run_at = statement_timestamp(), ended_at = CASE WHEN n.state = 'done' THEN statement_timestamp() END
      FROM json_to_recordset(%s::json) AS n(id bigint, token uuid, state text, output text, latency_ms float8,
           input_tokens int, output_tokens int, cost_nano_usd bigint, is_price_known bool, is_cached bool,
           is_simulated bool, model text, finish_reason text)
     WHERE c.id = n.id AND c.lease_token = n.token AND c.state = 'answering' RETURNING c.id
"""
_LEFT = """
    UPDATE experiment_cell c SET state = n.state, error = n.error, error_kind = n.error_kind, detail = n.detail,
           attempts = greatest(0, attempts - n.uncounted), lease_until = NULL, lease_token = gen_random_uuid(),
           run_at = statement_timestamp() + make_interval(secs => n.wait_seconds),
           ended_at = CASE WHEN n.state IN ('done', 'failed') THEN statement_timestamp() END
      FROM json_to_recordset(%s::json) AS n(id bigint, token uuid, state text, error text, error_kind text, detail text,
           uncounted int, wait_seconds float8)
     WHERE c.id = n.id AND c.lease_token = n.token AND c.state IN ('answering', 'judging') RETURNING c.id
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A cell that this worker holds."""

    id: int
    project_id: int
    experiment_id: int
    item_id: int
    column: int
    repetition: int
    attempts: int
    token: uuid.UUID
    predicted_tokens: int
    output: str
    is_judging: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer of a cell, which is judged already (done) or waits to be."""

    id: int
    token: uuid.UUID
    state: CellState
    output: str
    latency_ms: float
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int
    is_price_known: bool
    is_cached: bool
    is_simulated: bool
    model: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Left:
    """A cell that is let go without a new answer: judged, failed, or to be taken up again after a while."""

    id: int
    token: uuid.UUID
    state: CellState
    error: str = ""
    error_kind: str = ""
    detail: str = ""
    wait_seconds: float = 0.0
    # 1 when nothing was really tried.
    uncounted: int = 0


def contenders(*, limit: int) -> list[Contender]:
    """Return the experiments that run, with how many of their cells are worked on and wait (counted up to the limit)."""
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING, [limit])
        return [Contender(*row) for row in cursor.fetchall()]


def claim(
    *, experiment_id: int, limit: int, to_judge: bool, waits_for_rival: bool = False, is_mixed: bool = False
) -> list[Held]:
    """Take waiting cells of an experiment, and those whose worker went silent; long answers first, unless mixed."""
    before, during = (CellState.ANSWERED, CellState.JUDGING) if to_judge else (CellState.READY, CellState.ANSWERING)
    values: dict[str, int | str] = {
        "experiment": experiment_id, "limit": limit, "lease": LEASE_SECONDS, "from": before.value, "to": during.value,
    }  # fmt: skip
    rival, first = _RIVAL_IS_THERE if waits_for_rival else "", _MIXED if is_mixed else _LONGEST_FIRST
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(rival=rival, first=first), values)
        found = [Held(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda cell: (-cell.predicted_tokens, cell.item_id, cell.repetition, cell.column))


def store_answers(answers: Sequence[Answered]) -> set[int]:
    """Store answers; return the cells that this worker still held."""
    return _write(_ANSWERED, answers)


def let_go(cells: Sequence[Left]) -> set[int]:
    """Let cells go; return those that this worker still held."""
    return _write(_LEFT, cells)


def held(cells: Iterable[Held]) -> set[int]:
    """Return which of the cells this worker still holds: nobody stopped them or took them over."""
    mine = {cell.id: cell.token for cell in cells}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, lease_token FROM experiment_cell WHERE id = ANY(%s) AND state IN ('answering', 'judging')",
            [list(mine)],
        )
        return {cell for cell, token in cursor.fetchall() if mine[cell] == token}


def renew(cells: Iterable[Held]) -> None:
    """Hold on to the cells for longer."""
    mine = list(cells)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE experiment_cell SET lease_until = statement_timestamp() + make_interval(secs => %s)"
            # In this order, as whoever stops an experiment: two that lock many rows never wait for each other.
            " WHERE id = ANY(ARRAY(SELECT id FROM experiment_cell WHERE id = ANY(%s) AND lease_token = ANY(%s)"
            " AND state IN ('answering', 'judging') ORDER BY id FOR UPDATE))",
            [LEASE_SECONDS, [cell.id for cell in mine], [cell.token for cell in mine]],
        )


def is_work_left() -> bool:
    """Tell whether a running experiment has cells that a worker has to do."""
    running = Experiment.objects.filter(state=ExperimentState.RUNNING)
    to_judge = Q(cells__state__in=[CellState.ANSWERED, CellState.JUDGING])
    to_answer = Q(cells__state__in=[CellState.READY, CellState.ANSWERING], runs_in=RunsIn.WORKERS)
    return running.filter(to_judge | to_answer).exists()


def lay_out(experiment: Experiment, *, predicted: dict[int, int]) -> None:
    """Make the cells of an experiment for these items, with how long their answers will probably be."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO experiment_cell (project_id, experiment_id, item_id, "column", repetition, state, attempts,
                lease_token, predicted_tokens, output, error, error_kind, detail, is_price_known, is_cached, is_simulated,
                model, finish_reason)
            SELECT %(project)s, %(experiment)s, item.id, "column", repetition, 'ready', 0, gen_random_uuid(),
                item.predicted, '', '', '', '', true, false, false, '', ''
              FROM unnest(%(items)s::bigint[], %(predicted)s::int[]) AS item(id, predicted),
                   generate_series(0, %(columns)s - 1) AS "column", generate_series(0, %(repetitions)s - 1) AS repetition
            """,
            {
                "project": experiment.project_id, "experiment": experiment.pk, "items": list(predicted),
                "predicted": list(predicted.values()), "columns": len(experiment.variants),
                "repetitions": experiment.repetitions,
            },
        )  # fmt: skip


def _write(statement: str, rows: Sequence[Any]) -> set[int]:
    if not rows:
        return set()
    values = [asdict(row) for row in sorted(rows, key=lambda row: row.id)]
    with connection.cursor() as cursor:
        cursor.execute(statement, [orjson.dumps(values).decode()])
        return {row[0] for row in cursor.fetchall()}
