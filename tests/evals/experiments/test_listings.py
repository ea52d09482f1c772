"""Lists of experiments, and why answers are missing."""

from __future__ import annotations

import pytest
from django.utils import timezone

from evals.experiments import listings
from evals.experiments.listings import ExperimentFilter, Failure
from projects.models import Project
from tests.evals.experiment_factories import make_experiment, make_judged
from tests.projects.factories import make_project
from tests.prompt_registry.factories import make_prompt

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


def names(project: Project, **wanted: object) -> list[str]:
    page, _ = listings.page(project=project, wanted=ExperimentFilter(**wanted), limit=10)
    return [one.experiment.name for one in page]


def test_the_newest_comes_first_and_the_archive_is_a_list_of_its_own(project):
    make_experiment(project, name="first", evaluators=())
    make_experiment(project, name="second", evaluators=())
    make_experiment(project, name="old", archived_at=timezone.now(), evaluators=())

    assert names(project) == ["second", "first"]
    assert names(project, is_archive=True) == ["old"]


def test_a_filter_leaves_out_what_does_not_fit(project):
    prompt = make_prompt(project)
    paused = make_experiment(project, name="paused", prompt=prompt, state="paused", evaluators=())
    make_experiment(project, name="done", evaluators=())

    assert names(project, prompt_id=prompt.pk) == ["paused"]
    assert names(project, state="done") == ["done"]
    assert names(project, dataset_id=paused.dataset_id) == ["paused"]
    assert names(make_project()) == []


def test_progress_is_counted_from_the_answers(project):
    make_judged({"Correct": ["1x.", "0-!"]}, project, state="running")

    (listed,), _ = listings.page(project=project, wanted=ExperimentFilter(), limit=10)

    assert (listed.total, listed.ended, listed.failed) == (6, 5, 1)


def test_a_page_says_whether_there_are_more(project):
    made = [make_experiment(project, evaluators=()) for _ in range(3)]

    page, has_more = listings.page(project=project, wanted=ExperimentFilter(), limit=2)
    rest, is_there_more = listings.page(
        project=project, wanted=ExperimentFilter(), before=page[-1].experiment.pk, limit=2
    )

    assert (has_more, is_there_more) == (True, False)
    assert [one.experiment.pk for one in rest] == [made[0].pk]


def test_failures_are_grouped_by_reason_and_judges_that_could_not_judge_are_named(project):
    experiment = make_judged({"Correct": ["1xx!", "1111"]}, project)

    assert listings.failures_of(experiment) == [
        Failure("timeout", "The provider did not answer in time.", 2),
        Failure("Correct", "The judge did not answer in the form that was asked for.", 1, is_of_judging=True),
    ]
