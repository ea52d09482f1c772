"""How far an experiment is, counted from its rows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from evals.experiments.models import Experiment

# The rate is that of the last seconds, so that it follows when a provider becomes slow.
_RATE_SECONDS = 20.0

_COUNT = """
    SELECT count(*),
           count(*) FILTER (WHERE state IN ('ready', 'answered')), count(*) FILTER (WHERE state IN ('answering', 'judging')),
           count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'),
           count(*) FILTER (WHERE state = 'skipped'), count(*) FILTER (WHERE is_cached),
           count(*) FILTER (WHERE ended_at > statement_timestamp() - make_interval(secs => %s)),
           extract(epoch FROM statement_timestamp() - min(ended_at))
      FROM experiment_cell WHERE experiment_id = %s
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """Cells by how far they are, the money so far, cells a second, and about how long it still takes (None: nobody knows)."""

    total: int
    waiting: int
    running: int
    done: int
    failed: int
    skipped: int
    cached: int
    spent_nano_usd: int
    per_second: float
    seconds_left: float | None

    @property
    def over(self) -> int:
        return self.done + self.failed + self.skipped

    @property
    def share(self) -> float:
        """How much of it is over, from 0 to 1."""
        return self.over / self.total if self.total else 1.0


def of(experiment: Experiment) -> Progress:
    """Return how far the experiment is at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [_RATE_SECONDS, experiment.pk])
        total, waiting, running, done, failed, skipped, cached, lately, since = cursor.fetchone()
    spent = Experiment.objects.values_list("spent_nano_usd", flat=True).get(pk=experiment.pk)
    window = min(_RATE_SECONDS, max(float(since or 0.0), 1.0))
    rate = 0.0 if experiment.is_over else lately / window
    left = waiting + running
    seconds_left = 0.0 if not left else left / rate if rate else None
    return Progress(total, waiting, running, done, failed, skipped, cached, spent, rate, seconds_left)
