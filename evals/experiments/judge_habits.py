"""How steady a judge of pairs is: does it change its mind when the answers swap places, and does it like long ones?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db import connection

from evals.experiments import contrasts
from evals.experiments.comparison_values import Check, Comparison
from evals.experiments.score_tables import Floats
from evals.statistics.intervals import Interval, wilson
from evals.statistics.paired import Difference

# Answers of about the same length: neither is more than a fifth longer.
_ALIKE = float(np.log(1.2))
# What a judge of pairs says about both orders; written by evals.judges.better.
_HABITS = """
    SELECT count(*), count(*) FILTER (WHERE s.detail ->> 'is_consistent' = 'false'),
        coalesce(sum((s.detail #>> '{orders,0,verdict}' = 'first')::int + (s.detail #>> '{orders,1,verdict}' = 'first')::int), 0),
        coalesce(sum((s.detail #>> '{orders,0,verdict}' = 'second')::int + (s.detail #>> '{orders,1,verdict}' = 'second')::int), 0)
    FROM experiment_cell c JOIN experiment_score s ON s.cell_id = c.id
    WHERE c.experiment_id = %s AND c."column" = %s AND s.evaluator_version_id = %s AND s.error = ''
        AND jsonb_exists(s.detail, 'is_consistent')
"""


@dataclass(frozen=True, slots=True)
class Habits:
    """A judge of pairs on one column: asked twice about each pair, once in either order."""

    check: Check
    pairs: int
    # Pairs about which it said something else when they were swapped; they count as ties.
    flips: int
    # How often it chose what stood first, of all that it chose.
    first: int
    chosen: int
    # The result on the pairs of about the same length.
    alike: Difference

    @property
    def flip_rate(self) -> float:
        return self.flips / self.pairs if self.pairs else 0.0

    @property
    def flip_interval(self) -> Interval:
        return wilson(self.flips, self.pairs)

    @property
    def first_rate(self) -> float:
        return self.first / self.chosen if self.chosen else 0.5

    @property
    def first_interval(self) -> Interval:
        return wilson(self.first, self.chosen)

    @property
    def likes_a_place(self) -> bool:
        """Whether it clearly chooses by place: an unbiased judge chooses either place half of the time."""
        return self.chosen > 0 and not self.first_interval.holds(0.5)


def habits(comparison: Comparison, *, column: int) -> list[Habits]:
    """Return the habits of every judge that compared the pairs of a column in both orders."""
    found = [_habits(comparison, column, check) for check in comparison.checks if check.is_duel]
    return [one for one in found if one.pairs]


def _habits(comparison: Comparison, column: int, check: Check) -> Habits:
    with connection.cursor() as cursor:
        cursor.execute(_HABITS, [comparison.experiment.pk, column, check.version_id])
        pairs, flips, first, second = cursor.fetchone() or (0, 0, 0, 0)
    return Habits(check, pairs, flips, first, first + second, _alike(comparison, column, check))


def _alike(comparison: Comparison, column: int, check: Check) -> Difference:
    """Return the difference on the items whose answers are about equally long: length cannot have decided there."""
    table = comparison.table
    lengths: list[Floats] = [table.answers[place].length for place in (comparison.against, column)]
    ours, theirs = (np.log(np.maximum(length, 1.0)) for length in lengths)
    chosen = np.abs(ours - theirs) <= _ALIKE
    values = table.values(column, check.version_id)[chosen]
    groups = None
    if comparison.groups is not None:
        groups = [group for group, one in zip(comparison.groups, chosen, strict=True) if one]
    return contrasts.contrast(np.full(len(values), np.nan), values, nature=check.nature, groups=groups).difference
