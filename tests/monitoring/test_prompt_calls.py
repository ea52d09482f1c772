"""The calls of a prompt are found by its name, with what was filled in and what the user thought."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from monitoring import prompt_calls
from monitoring.prompt_calls import Which
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project
from tests.prompt_registry.factories import make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = make_project()
    prompt = make_prompt(project, name="answer")
    make_version(prompt)
    make_version(prompt)
    return project


def _calls(project, **fields):
    return prompt_calls.recent(project=project, prompt_name="answer", **fields)


def test_the_newest_call_comes_first_with_its_values_and_texts(project):
    now = timezone.now()
    make_trace(project, prompt="answer", version=1, at=now - timedelta(minutes=9), asked="old")
    blank = {"gen_ai.prompt.variable.name": "Ada"}
    make_trace(project, prompt="answer", version=2, at=now, asked="Hello", answered="Hi", attributes=blank)

    newest, oldest = _calls(project)

    assert (newest.version, newest.variables, oldest.version) == (2, {"name": "Ada"}, 1)
    assert "Hi" in newest.output
    assert (newest.service, newest.is_error, newest.duration_ms) == ("support-api", False, 900)


def test_disliked_calls_are_those_with_a_thumb_down(project):
    make_trace(project, prompt="answer", version=1)
    disliked = make_trace(project, prompt="answer", version=1)
    rate(project, disliked)

    (call,) = _calls(project, which=Which.DISLIKED)

    assert (call.trace_id.hex, call.thumbs_down) == (disliked, 1)


def test_one_version_can_be_asked_for(project):
    make_trace(project, prompt="answer", version=1)
    make_trace(project, prompt="answer", version=2)

    assert [call.version for call in _calls(project, version=1)] == [1]


def test_of_a_trace_with_several_calls_the_last_one_counts(project):
    trace_id, now = new_trace_id(), timezone.now()
    first = make_span(trace_id=trace_id, prompt="answer", version=1, at=now - timedelta(seconds=9), answered="first")
    last = make_span(trace_id=trace_id, prompt="answer", version=1, at=now, answered="last")
    send(project, first, last)

    (call,) = _calls(project)

    assert "last" in call.output


def test_other_projects_and_prompts_are_not_seen(project):
    make_trace(make_project(), prompt="answer", version=1)
    make_trace(project, prompt="other", version=1)

    assert _calls(project) == []


def test_one_call_is_found_by_its_trace(project):
    make_trace(project, prompt="answer", version=1)
    wanted = UUID(make_trace(project, prompt="answer", version=1, answered="This one"))

    call = prompt_calls.of_trace(project=project, prompt_name="answer", trace_id=wanted)

    assert (call.trace_id, "This one" in call.output) == (wanted, True)


def test_a_trace_of_another_project_or_prompt_has_no_call_to_show(project):
    trace_id = UUID(make_trace(project, prompt="answer", version=1))

    assert prompt_calls.of_trace(project=make_project(), prompt_name="answer", trace_id=trace_id) is None
    assert prompt_calls.of_trace(project=project, prompt_name="other", trace_id=trace_id) is None


def test_the_traces_of_calls_come_in_the_order_of_the_calls(project):
    made = [
        make_trace(project, prompt="answer", version=1, at=timezone.now() - timedelta(minutes=ago)) for ago in (1, 9)
    ]
    rate(project, made[1])

    newest = prompt_calls.traces_of(project=project, prompt_name="answer")
    disliked = prompt_calls.traces_of(project=project, prompt_name="answer", which=Which.DISLIKED)

    assert [trace_id.hex for trace_id in newest] == made
    assert [trace_id.hex for trace_id in disliked] == made[1:]


def test_who_sends_a_blank_is_known_from_the_newest_calls(project):
    make_trace(project, prompt="answer", version=1, attributes={"gen_ai.prompt.variable.name": "Ada"})
    make_trace(project, prompt="answer", version=2, attributes={"gen_ai.prompt.variable.city": "Bonn"})

    found = prompt_calls.senders(project=project, prompt_name="answer")

    assert found == {"name": ["support-api"], "city": ["support-api"]}


def test_calls_are_found_again_by_their_traces_and_only_in_their_project_and_prompt(project):
    now = timezone.now()
    wanted = [make_trace(project, prompt="answer", version=1, at=now - timedelta(minutes=age)) for age in (5, 1)]
    make_trace(project, prompt="answer", version=1)
    other_prompt, other_project = make_trace(project, prompt="other", version=1), make_project()
    foreign = make_trace(other_project, prompt="answer", version=1)

    ids = [UUID(trace_id) for trace_id in (*wanted, other_prompt, foreign)]
    found = prompt_calls.of_traces(project=project, prompt_name="answer", trace_ids=ids)

    assert [call.trace_id.hex for call in found] == wanted[::-1]


def test_the_longest_question_of_the_newest_calls_is_known(project):
    for tokens in (100, 9_000, 300):
        make_trace(project, prompt="answer", version=1, tokens=(tokens, 1))
    make_trace(make_project(), prompt="answer", version=1, tokens=(50_000, 1))

    assert prompt_calls.longest_input(project=project, prompt_name="answer") == 9_000
    assert prompt_calls.longest_input(project=project, prompt_name="other") is None
