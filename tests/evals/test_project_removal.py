"""The demo goes with the experiments, checks and reviews in it."""

from __future__ import annotations

import pytest
from django.db import connection

from evals.evaluators import definitions
from evals.experiments.models import Experiment, ExperimentDisagreement, ExperimentScore
from evals.online import changes
from evals.online.changes import Wanted
from projects.models import Project
from prompt_registry import project_removal
from tests.evals.experiment_factories import make_judged
from tests.evals.factories import make_editor
from tests.evals.reviews.factories import make_calibration
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def test_the_demo_goes_with_its_experiments_checks_and_reviews():
    demo = make_project(is_demo=True)
    editor = make_editor(demo)
    experiment = make_judged({"Correct": ["11", "10"]}, demo)
    score = ExperimentScore.objects.filter(cell__experiment=experiment).first()
    ExperimentDisagreement.objects.create(
        project=demo, cell=score.cell, evaluator_version=score.evaluator_version, person=editor
    )
    make_calibration(experiment)
    polite = definitions.create(
        project=demo, name="Polite", kind="contains", settings={"texts": ["please"], "wanted": "any"}, by=editor
    )
    changes.create(project=demo, evaluator=polite, wanted=Wanted(), by=editor)

    project_removal.remove_demo(project=demo, by=editor)

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not Project.objects.exists()
    assert not Experiment.objects.exists()
