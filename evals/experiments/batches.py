"""What a worker has to write down, gathered so that many answers cost one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction

from evals.experiments import answer_cache, attempts, cells, ending, judging
from evals.experiments.attempts import Ended
from evals.experiments.cells import Answered, Held, Left
from evals.experiments.judging import Verdict
from evals.experiments.models import Experiment, ExperimentScore
from evals.experiments.sampling import Said


@dataclass(slots=True)
class Batch:
    """News of one experiment: calls that ended, answers, verdicts, and cells that are let go."""

    experiment_id: int
    project_id: int
    ended: list[Ended] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    verdicts: list[tuple[Held, Verdict]] = field(default_factory=list)
    cached: dict[bytes, Said] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.ended) + len(self.answers) + len(self.left) + len(self.verdicts)

    @transaction.atomic
    def store(self) -> bool:
        """Write everything down, of the cells that are still held; return whether the experiment is over with it."""
        # The row of the experiment comes first, whatever else is locked: two workers may end it at the same moment.
        if Experiment.objects.select_for_update(of=("self",)).filter(pk=self.experiment_id).first() is None:
            # It was removed with its project: there is nothing left to write to.
            return False
        attempts.close_calls(experiment_id=self.experiment_id, ended=self.ended)
        answer_cache.keep(project_id=self.project_id, answers=self.cached)
        self._store_scores()
        cells.store_answers(self.answers)
        cells.let_go(self.left)
        if not self.answers and not self.left:
            return False
        return ending.end_if_over(experiment_id=self.experiment_id)

    def _store_scores(self) -> None:
        if not self.verdicts:
            return
        mine = cells.held(cell for cell, _ in self.verdicts)
        scores = [
            judging.score_of(verdict, project_id=cell.project_id, cell_id=cell.id)
            for cell, verdict in self.verdicts
            if cell.id in mine
        ]
        ExperimentScore.objects.bulk_create(scores, ignore_conflicts=True)
