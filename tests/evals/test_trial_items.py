"""Inputs of a trial as items of a dataset."""

from __future__ import annotations

import pytest

from evals import trial_items
from evals.models import Dataset
from projects.models import Project, User
from prompt_registry import trials
from prompt_registry.models import Prompt
from prompt_registry.trial_models import Trial
from prompt_registry.trial_plans import CALL, ITEM, VERSION, TrialInput, Variant
from tests.evals.factories import make_dataset, make_editor
from tests.projects.factories import make_project
from tests.prompt_registry.factories import make_prompt, make_version, text

pytestmark = pytest.mark.django_db
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_editor(project)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    prompt = make_prompt(project, name="support/answer", type="text")
    make_version(prompt, text("Answer {{question}}"))
    return prompt


def trial_with(prompt: Prompt, by: User, *inputs: TrialInput) -> Trial:
    variant = Variant(
        kind=VERSION, number=1, is_live=True, content=text("Answer {{question}}").to_json(), connection_id=0,
        connection_name="Simulated", model="simulated-fast", is_simulated=True,
    )  # fmt: skip
    return trials.create(prompt=prompt, inputs=inputs, variants=[variant], by=by)


def test_real_calls_keep_their_trace_but_not_their_answer(prompt, editor):
    given = TrialInput(
        {"question": "Where?"}, source=CALL, trace_id=TRACE, answer="As an AI I cannot.", is_disliked=True
    )
    trial = trial_with(prompt, editor, given)

    kept = trial_items.keep(trial=trial, dataset=None, name="support/tried", by=editor)

    item = kept.dataset.items.get()
    assert (item.input, item.expected_output, item.tags) == ({"question": "Where?"}, None, ["disliked"])
    assert (item.source, item.source_trace_id.hex) == ("call", TRACE)


def test_items_of_a_dataset_keep_what_is_expected(prompt, editor):
    trial = trial_with(prompt, editor, TrialInput({"question": "Where?"}, source=ITEM, answer="Here."))

    kept = trial_items.keep(trial=trial, dataset=None, name="support/tried", by=editor)

    assert kept.dataset.items.get().expected_output == "Here."


def test_a_recorded_conversation_stays_a_conversation(prompt, editor):
    talk = '[{"role": "user", "content": "Hello"}]'
    trial = trial_with(prompt, editor, TrialInput({"history": talk, "question": "Where?"}))

    kept = trial_items.keep(trial=trial, dataset=None, name="support/tried", by=editor)

    assert kept.dataset.items.get().input["history"] == [{"role": "user", "content": "Hello"}]


def test_what_a_dataset_holds_already_is_not_stored_twice(project, prompt, editor):
    dataset = make_dataset(project)
    trial = trial_with(prompt, editor, TrialInput({"question": "Where?"}))
    trial_items.keep(trial=trial, dataset=dataset, by=editor)

    again = trial_items.keep(trial=trial, dataset=dataset, by=editor)

    assert (again.addition.added_count, again.addition.duplicate_count) == (0, 1)
    assert Dataset.objects.for_project(project).count() == 1


def test_the_name_that_is_offered_is_free(project, prompt, editor):
    trial = trial_with(prompt, editor, TrialInput({"question": "Where?"}))
    make_dataset(project, name="support/answer/tried")

    assert trial_items.free_name(trial) == "support/answer/tried 2"
