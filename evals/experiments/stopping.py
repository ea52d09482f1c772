"""Ends a comparison of two variants before its last item when the answer is clear: most of the money is then saved."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models.functions import Now

from evals.experiments.models import CellState, Experiment, ExperimentState
from evals.experiments.plans import Variant
from evals.statistics import stopping
from evals.statistics.stopping import Clear
from projects import audit

# An item counts once all its repetitions are judged in both columns; items that share a source count together, as one,
# once all of them are: part of a group would be looked at again and again, and say something else each time.
_LOOK = """
    WITH first AS (
        SELECT evaluator_version_id FROM experiment_evaluator WHERE experiment_id = %(experiment)s ORDER BY position LIMIT 1
    ), units AS (
        SELECT coalesce(CASE WHEN %(grouped_by)s <> '' THEN i.metadata ->> %(grouped_by)s END, 'item ' || c.item_id) AS unit,
               count(*) AS cells, count(s.passed) AS judged,
               bool_and(c.state IN ('done', 'failed')) AS is_over,
               sum(CASE WHEN s.passed THEN 1 ELSE 0 END * CASE WHEN c."column" = 1 THEN 1 ELSE -1 END) AS ahead
          FROM experiment_cell c JOIN dataset_item i ON i.id = c.item_id
          LEFT JOIN experiment_score s ON s.cell_id = c.id
               AND s.evaluator_version_id = (SELECT evaluator_version_id FROM first)
         WHERE c.experiment_id = %(experiment)s GROUP BY 1
    )
    SELECT count(*) FILTER (WHERE ahead > 0), count(*) FILTER (WHERE ahead < 0), count(*)
      FROM units WHERE is_over AND judged = cells
"""


def stop_if_clear(experiment: Experiment) -> bool:
    """Skip what is left when one of two variants is clearly ahead; return whether it is."""
    if len(experiment.variants) != 2:
        return False
    values: dict[str, int | str] = {"experiment": experiment.pk, "grouped_by": experiment.grouped_by}
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, values)
        wins, losses, units = cursor.fetchone()
    clear = stopping.look(wins=wins, losses=losses)
    if clear is Clear.NOT_YET:
        return False
    better = Variant.from_json(experiment.variants[1 if clear is Clear.B else 0])
    reason = (
        f"It ended early: after {units:,} of {experiment.item_count:,} items, {better.title} is clearly better "
        f"({max(wins, losses):,} to {min(wins, losses):,} where they differ)."
    )
    return _skip_the_rest(experiment, reason)


@transaction.atomic
def _skip_the_rest(experiment: Experiment, reason: str) -> bool:
    running = Experiment.objects.filter(pk=experiment.pk, state=ExperimentState.RUNNING)
    if not running.update(reason=reason[:500]):
        return False
    skipped = experiment.cells.filter(state=CellState.READY).update(
        state=CellState.SKIPPED, error="The answer was clear before this item.", ended_at=Now()
    )
    if skipped:
        audit.record(
            action="experiment.ended_early", subject=experiment.name, by=None, project=experiment.project, reason=reason,
            skipped=skipped,
        )  # fmt: skip
    return True
