"""What the form of the next experiment begins with."""

from __future__ import annotations

import pytest

from evals import datasets
from evals.experiments import suggestions
from projects.models import Project
from prompt_registry.models import Prompt
from tests.evals.experiment_factories import make_evaluator_version, make_experiment
from tests.evals.factories import add, make_dataset
from tests.projects.factories import make_project
from tests.prompt_registry.factories import make_prompt

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_prompt(project)


def test_the_dataset_of_the_last_experiment_comes_first(project, prompt):
    make_experiment(project, prompt=prompt, evaluators=())
    last = make_experiment(project, prompt=prompt, evaluators=())
    add(make_dataset(project))

    assert suggestions.dataset_for(prompt, blanks=["question"]) == last.dataset


def test_an_archived_dataset_is_not_suggested(project, prompt):
    last = make_experiment(project, prompt=prompt, evaluators=())
    datasets.archive(dataset=last.dataset, by=None)
    fitting = make_dataset(project)
    add(fitting)

    assert suggestions.dataset_for(prompt, blanks=["question"]) == fitting


def test_a_dataset_must_fill_the_blanks(project, prompt):
    add(make_dataset(project))

    assert suggestions.dataset_for(prompt, blanks=["question", "shop"]) is None


def test_only_the_newest_version_of_an_evaluator_is_offered(project):
    version = make_evaluator_version(project)
    newer = version.evaluator.versions.create(project=project, number=2, kind="exact")
    type(version.evaluator).objects.filter(pk=version.evaluator_id).update(version=2)

    assert suggestions.evaluators_of(project) == [newer]


def test_the_evaluators_of_the_last_experiment_are_chosen(project, prompt):
    used, other = make_evaluator_version(project, "Used"), make_evaluator_version(project, "Other")
    make_experiment(project, prompt=prompt, evaluators=[used])

    chosen = suggestions.evaluators_for(prompt, [used, other], has_expected=True)

    assert chosen == {used.evaluator_id}


def test_without_a_last_one_those_are_chosen_that_can_judge(project, prompt):
    exact, length = (
        make_evaluator_version(project, kind="exact"),
        make_evaluator_version(project, kind="length", most=9),
    )
    judge = make_evaluator_version(project, kind="a judge that costs money")

    assert suggestions.evaluators_for(prompt, [exact, length, judge], has_expected=False) == {length.evaluator_id}
    assert suggestions.evaluators_for(prompt, [exact, length, judge], has_expected=True) == {
        exact.evaluator_id, length.evaluator_id,
    }  # fmt: skip


def test_missing_blanks_are_counted_by_item_and_by_blank(project):
    dataset = make_dataset(project)
    add(dataset, input={"question": "Where?", "shop": "Nord"})
    add(dataset, input={"question": "When?"})
    add(dataset, input={"other": "x"})

    missing = suggestions.missing_in(dataset.items.current(), ["question", "shop"])

    assert (missing.items, missing.by_blank) == (2, {"question": 1, "shop": 2})


def test_items_can_be_grouped_by_what_their_metadata_names(project):
    dataset = make_dataset(project)
    add(dataset, metadata={"conversation": "c1", "sources": [1]})

    assert suggestions.groupings_of(dataset) == ["conversation"]
