"""Finding the experiment that compared two texts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.experiments import matching
from projects.models import Project
from prompt_registry.model_settings import PromptSettings
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


def columns_of(prompt: Prompt, *columns):
    variants = [make_variant(**{**values, "content": content.to_json()}) for content, values in columns]
    return make_experiment(prompt.project, prompt=prompt, variants=variants, evaluators=())


def test_a_comparison_of_models_says_nothing_about_the_text(prompt):
    columns_of(prompt, (LIVE, {"model": "small"}), (NEW, {"model": "large"}))

    assert find(prompt) is None


def test_columns_with_the_same_model_are_chosen_among_several(prompt):
    columns_of(prompt, (LIVE, {"model": "small"}), (LIVE, {"model": "large"}), (NEW, {"model": "large"}))

    match = find(prompt)

    assert (match.before, match.after) == (1, 2)


def test_an_answer_that_was_chosen_from_several_says_nothing_about_a_single_one(prompt):
    columns_of(prompt, (LIVE, {}), (NEW, {"sampling": "best of", "samples": 3}))

    assert find(prompt) is None


@pytest.mark.parametrize(("asked", "is_found"), [("large", True), ("small", False)], ids=["its model", "another model"])
def test_a_text_that_names_a_model_counts_with_that_model(prompt, asked, is_found):
    before, after = (
        replace(one, settings=PromptSettings(model=name)) for one, name in ((LIVE, "small"), (NEW, "large"))
    )
    columns_of(prompt, (before, {"model": "small"}), (after, {"model": asked}))

    assert (matching.find(prompt=prompt, before=before.hash, after=after.hash) is not None) is is_found
