"""People's word against a check: what it said about an answer is wrong. Scores stay, and the page says how many are doubted."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Count

from evals.experiments.models import Experiment, ExperimentDisagreement, ExperimentScore
from projects.models import User
from projects.roles import Action
from prompt_registry.permissions import demand


@transaction.atomic
def turn(*, score: ExperimentScore, by: User) -> bool:
    """Let somebody disagree with a judgement, or agree again; return whether they disagree now."""
    demand(project=score.project, action=Action.GIVE_FEEDBACK, by=by)
    said = ExperimentDisagreement.objects.filter(
        cell=score.cell_id, evaluator_version=score.evaluator_version_id, person=by
    )
    if said.delete()[0]:
        return False
    _, is_new = ExperimentDisagreement.objects.get_or_create(
        cell_id=score.cell_id, evaluator_version_id=score.evaluator_version_id, person=by, project_id=score.project_id
    )
    return is_new


def counts(experiment: Experiment) -> Mapping[int, int]:
    """Return how many judgements of each evaluator version somebody disagrees with."""
    rows = ExperimentDisagreement.objects.filter(cell__experiment=experiment).values("evaluator_version")
    return dict(rows.annotate(cells=Count("cell", distinct=True)).values_list("evaluator_version", "cells"))
