"""A first dataset of a prompt's recent real calls."""

from __future__ import annotations

import pytest

from evals import real_calls
from evals.real_calls import NoRealCalls
from projects.models import Project, User
from prompt_registry.models import Prompt
from tests.evals.factories import make_editor
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_project
from tests.prompt_registry.factories import make_prompt, make_version, text

pytestmark = pytest.mark.django_db


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


def call(project: Project, question: str) -> str:
    return make_trace(
        project, prompt="support/answer", version=1, asked=question, answered="Soon.",
        attributes={"gen_ai.prompt.variable.question": question},
    )  # fmt: skip


def test_disliked_calls_come_first_and_are_tagged(project, prompt, editor):
    disliked = call(project, "Where is it?")
    call(project, "Do you ship?")
    rate(project, disliked)

    dataset = real_calls.make_dataset(prompt=prompt, by=editor, limit=1)

    (item,) = dataset.items.current()
    assert (item.input, item.tags, item.source) == ({"question": "Where is it?"}, ["disliked"], "call")
    assert item.source_trace_id.hex == disliked


def test_the_recorded_answer_is_not_taken_for_the_right_one(project, prompt, editor):
    call(project, "Where is it?")

    dataset = real_calls.make_dataset(prompt=prompt, by=editor)

    assert dataset.items.get().expected_output is None


def test_a_second_dataset_gets_another_name(project, prompt, editor):
    call(project, "Where is it?")

    names = [real_calls.make_dataset(prompt=prompt, by=editor).name for _ in range(2)]

    assert names == ["support/answer/real calls", "support/answer/real calls 2"]


def test_without_a_call_no_dataset_is_left_behind(project, prompt, editor):
    with pytest.raises(NoRealCalls):
        real_calls.make_dataset(prompt=prompt, by=editor)

    assert not project.datasets.exists()
