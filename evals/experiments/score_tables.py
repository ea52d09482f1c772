"""Reads what became of an experiment into arrays, one value for each item: PostgreSQL averages the repetitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from evals.experiments.contrasts import Became
from evals.experiments.models import OPEN, Experiment

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_ANSWERS = """
    SELECT "column", array_agg(item_id), array_agg(number), array_agg(became), array_agg(cost), array_agg(latency),
        array_agg(length)
    FROM (
        SELECT c."column", c.item_id, i.number,
            CASE WHEN bool_or(c.state = ANY(%(open)s)) THEN 1 WHEN bool_or(c.state = 'failed') THEN 2
                WHEN bool_or(c.state = 'skipped') THEN 3 ELSE 0 END AS became,
            avg(ln(c.cost_nano_usd)) FILTER (WHERE c.cost_nano_usd > 0 AND c.is_price_known)::float8 AS cost,
            avg(ln(c.latency_ms)) FILTER (WHERE c.latency_ms > 0 AND NOT c.is_cached) AS latency,
            avg(octet_length(c.output))::float8 AS length
        FROM experiment_cell c JOIN dataset_item i ON i.id = c.item_id
        WHERE c.experiment_id = %(experiment)s GROUP BY 1, 2, 3
    ) AS answer GROUP BY 1
"""
_SCORES = """
    SELECT "column", version, array_agg(item_id), array_agg(value), array_agg(within), array_agg(has_error),
        array_agg(did_pass), coalesce(bool_and(is_binary), true), sum(scored)::bigint, sum(passed)::bigint, sum(errors)::bigint
    FROM ({judged}) AS judged GROUP BY 1, 2
"""
_AVERAGED = """
    SELECT c."column", s.evaluator_version_id AS version, c.item_id, avg(s.value) AS value,
        var_samp(s.value) AS within, bool_or(s.error <> '') AS has_error,
        bool_and(s.passed)::int AS did_pass, bool_and(s.value IN (0, 1)) AS is_binary, count(s.value) AS scored,
        count(*) FILTER (WHERE s.passed) AS passed, count(*) FILTER (WHERE s.error <> '') AS errors
    FROM experiment_cell c JOIN experiment_score s ON s.cell_id = c.id
    WHERE c.experiment_id = %(experiment)s GROUP BY 1, 2, 3
"""
# Without repetitions there is nothing to average, which saves half of the time.
_SINGLE = """
    SELECT c."column", s.evaluator_version_id AS version, c.item_id, s.value, NULL::float8 AS within,
        s.error <> '' AS has_error, s.passed::int AS did_pass, s.value IN (0, 1) AS is_binary, (s.value IS NOT NULL)::int AS scored,
        coalesce(s.passed, false)::int AS passed, (s.error <> '')::int AS errors
    FROM experiment_cell c JOIN experiment_score s ON s.cell_id = c.id
    WHERE c.experiment_id = %(experiment)s
"""
_TOTALS = """
    SELECT "column", count(*), count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'),
        count(*) FILTER (WHERE state = 'skipped'), count(*) FILTER (WHERE state = ANY(%(open)s)),
        count(*) FILTER (WHERE is_cached), coalesce(bool_or(is_simulated), false),
        avg(cost_nano_usd) FILTER (WHERE is_price_known)::float8,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE NOT is_cached),
        percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE NOT is_cached)
    FROM experiment_cell WHERE experiment_id = %(experiment)s GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """One column, an entry for each item: what became of it, and the logarithms of its price and duration (NaN: unknown)."""

    became: Whole
    cost: Floats
    latency: Floats
    length: Floats


@dataclass(frozen=True, slots=True)
class Scores:
    """What one evaluator version said about one column, an entry for each item; NaN where it said nothing."""

    values: Floats
    # The variance of an item's repetitions.
    within: Floats
    has_error: NDArray[np.bool_]
    # 1 where all repetitions passed, 0 where one did not.
    passes: Floats
    is_binary: bool
    scored: int
    passed: int
    errors: int


@dataclass(frozen=True, slots=True)
class Totals:
    """One column in numbers, of single answers and not of items."""

    cells: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    waiting: int = 0
    cached: int = 0
    is_simulated: bool = False
    mean_nano_usd: float | None = None
    median_ms: float | None = None
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Everything that a comparison is made of; all arrays have one entry for each item, in the order of `numbers`."""

    item_ids: Whole
    numbers: Whole
    answers: dict[int, Answers] = field(default_factory=dict)
    # By column and evaluator version.
    scores: dict[tuple[int, int], Scores] = field(default_factory=dict)
    totals: dict[int, Totals] = field(default_factory=dict)

    def values(self, column: int, version_id: int) -> Floats:
        """Return the scores of a column by one evaluator version; NaN for what was not judged."""
        found = self.scores.get((column, version_id))
        return found.values if found is not None else np.full(len(self.numbers), np.nan)

    def passes(self, column: int, version_id: int) -> Floats:
        """Return which items of a column one evaluator version passed (1) or not (0); NaN for what it does not say of."""
        found = self.scores.get((column, version_id))
        return found.passes if found is not None else np.full(len(self.numbers), np.nan)

    @property
    def is_complete(self) -> NDArray[np.bool_]:
        """Whether nothing of an item waits any more, in any column."""
        whole = np.full(len(self.numbers), bool(self.answers))
        for answers in self.answers.values():
            whole &= answers.became != Became.WAITING
        return whole

    @property
    def is_run(self) -> NDArray[np.bool_]:
        """Whether all of an item was run, in every column."""
        whole = self.is_complete
        for answers in self.answers.values():
            whole &= answers.became != Became.SKIPPED
        return whole


def read(experiment: Experiment) -> ScoreTable:
    """Return what became of the experiment so far."""
    values = {"experiment": experiment.pk, "open": list(OPEN)}
    judged = _SINGLE if experiment.repetitions == 1 else _AVERAGED
    answers, scores, totals = (
        _rows(query, values) for query in (_ANSWERS, _SCORES.format(judged=judged), _TOTALS)
    )  # fmt: skip
    numbers = {item_id: number for row in answers for item_id, number in zip(row[1], row[2], strict=True)}
    ids = sorted(numbers, key=numbers.__getitem__)
    places = {item_id: place for place, item_id in enumerate(ids)}
    return ScoreTable(
        np.array(ids, dtype=np.int64), np.array([numbers[item_id] for item_id in ids], dtype=np.int64),
        {row[0]: _answers(places, row) for row in answers},
        {(row[0], row[1]): _scores(places, row) for row in scores}, {row[0]: Totals(*row[1:]) for row in totals},
    )  # fmt: skip


def notes(table: ScoreTable, name: str) -> list[str | None]:
    """Return what is noted under a name on each item, as text."""
    # Not through the ORM: it takes two underscores, and digits, in a name for steps of a path.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, metadata ->> %s FROM dataset_item WHERE id = ANY(%s)", [name, table.item_ids.tolist()]
        )
        found = dict(cursor.fetchall())
    return [found.get(item_id) for item_id in table.item_ids.tolist()]


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def _answers(places: dict[int, int], row: tuple[Any, ...]) -> Answers:
    _, items, _, became, cost, latency, length = row
    at = _at(places, items)
    states = np.full(len(places), int(Became.WAITING), dtype=np.int64)
    states[at] = became
    return Answers(states, *(_placed(len(places), at, column) for column in (cost, latency, length)))


def _scores(places: dict[int, int], row: tuple[Any, ...]) -> Scores:
    _, _, items, values, within, has_error, passes, is_binary, scored, passed, errors = row
    at = _at(places, items)
    wrong = np.zeros(len(places), dtype=bool)
    wrong[at] = has_error
    means, spread = _placed(len(places), at, values), _placed(len(places), at, within)
    return Scores(means, spread, wrong, _placed(len(places), at, passes), is_binary, scored, passed, errors)


def _at(places: dict[int, int], items: list[int]) -> Whole:
    return np.fromiter((places[item_id] for item_id in items), dtype=np.int64, count=len(items))


def _placed(count: int, at: Whole, values: list[float | None]) -> Floats:
    whole = np.full(count, np.nan)
    whole[at] = np.array(values, dtype=float)
    return whole
