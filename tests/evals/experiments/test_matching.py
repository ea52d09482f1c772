"""Finding the experiment that compared two texts."""

from __future__ import annotations

import pytest

from evals.experiments import matching
from projects.models import Project
from prompt_registry.models import Prompt
from tests.evals.experiment_factories import make_experiment, make_variant
from tests.projects.factories import make_project
from tests.prompt_registry.factories import make_prompt, text

pytestmark = pytest.mark.django_db
LIVE, NEW, OTHER = text("Answer {{question}}"), text("Answer {{question}} kindly"), text("Answer {{question}} never")


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_prompt(project, type="text")


def experiment_of(prompt: Prompt, *contents, **values):
    variants = [make_variant(content=content.to_json()) for content in contents]
    return make_experiment(prompt.project, prompt=prompt, variants=variants, **values, evaluators=())


def find(prompt: Prompt):
    return matching.find(prompt=prompt, before=LIVE.hash, after=NEW.hash)


def test_the_newest_with_both_texts_is_found_with_their_columns(prompt):
    experiment_of(prompt, LIVE, NEW)
    newest = experiment_of(prompt, OTHER, LIVE, NEW)
    experiment_of(prompt, OTHER, NEW)

    match = find(prompt)

    assert (match.experiment, match.before, match.after) == (newest, 1, 2)


def test_one_that_did_not_end_says_nothing(prompt):
    experiment_of(prompt, LIVE, NEW, state="running")
    experiment_of(prompt, LIVE, NEW, state="cancelled")

    assert find(prompt) is None
    assert matching.was_ever_tested(prompt)


def test_experiments_of_other_prompts_do_not_count(project, prompt):
    experiment_of(make_prompt(project, type="text"), LIVE, NEW)

    assert find(prompt) is None
    assert not matching.was_ever_tested(prompt)
