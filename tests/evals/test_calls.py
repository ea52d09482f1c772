"""Recorded calls as items."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from evals import calls
from evals.models import ItemSource
from monitoring import scores
from monitoring.models import Span, Trace
from monitoring.trace_filters import Thumbs, TraceFilter
from projects.models import Project
from tests.evals.factories import make_dataset
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


def traces(project: Project) -> list[Trace]:
    return list(Trace.objects.for_project(project).newest_first())


def recorded(project: Project):
    return [call for _, call in calls.of_traces(traces(project))]


def correct(project: Project, trace_id: str, text: str) -> None:
    item = {"trace_id": trace_id, "name": "correction", "data_type": "correction", "string_value": text}
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=timezone.now())])


def test_what_filled_the_blanks_goes_in(project):
    filled = {"gen_ai.prompt.variable.question": "Where?", "gen_ai.prompt.variable.shop": "Nordwind"}
    make_trace(project, asked="Answer: Where?", answered="Here.", prompt="refund", version=3, attributes=filled)

    (call,) = recorded(project)

    assert call.input == {"question": "Where?", "shop": "Nordwind"}
    assert (call.output, call.correction) == ("Here.", "")
    assert call.metadata == {"prompt": "refund", "prompt_version": 3, "model": "gpt-5-mini"}


def test_without_blanks_the_messages_go_in(project):
    make_trace(project, asked="Where?", answered="Here.")

    (call,) = recorded(project)

    assert call.input == {"messages": [{"role": "user", "content": "Where?"}]}


def test_the_last_call_of_a_trace_is_taken(project):
    trace_id, now = new_trace_id(), timezone.now()
    send(
        project,
        make_span(trace_id=trace_id, asked="First", at=now - timedelta(seconds=20)),
        make_span(trace_id=trace_id, asked="Last", at=now - timedelta(seconds=10)),
    )

    (call,) = recorded(project)

    assert call.input["messages"][0]["content"] == "Last"


def test_a_call_without_recorded_text_is_no_item(project):
    make_trace(project)

    done = calls.add(dataset=make_dataset(project), calls=recorded(project), by=None)

    assert (done.addition.added_count, done.left_out_count) == (0, 1)


def test_the_recorded_answer_is_expected_only_when_it_is_trusted(project):
    make_trace(project, asked="Where?", answered="Here.")

    distrusted, trusted = make_dataset(project), make_dataset(project)
    calls.add(dataset=distrusted, calls=recorded(project), by=None)
    calls.add(dataset=trusted, calls=recorded(project), with_answer=True, by=None)

    assert distrusted.items.get().expected_output is None
    assert trusted.items.get().expected_output == "Here."


def test_a_better_answer_is_always_the_expected_one(project):
    trace_id = make_trace(project, asked="Where?", answered="Nowhere.")
    correct(project, trace_id, "On its way.")
    dataset = make_dataset(project)

    calls.add(dataset=dataset, calls=recorded(project), tags=["disliked"], split="test", by=None)

    item = dataset.items.get()
    assert (item.expected_output, item.tags, item.split) == ("On its way.", ["disliked"], "test")
    assert (item.source, item.source_trace_id) == (ItemSource.CALL, UUID(trace_id))
    assert item.source_span_id == Span.objects.get(trace_id=trace_id).span_id


def test_the_same_question_asked_twice_is_one_item(project):
    make_trace(project, asked="Where?")
    make_trace(project, asked="Where?")
    dataset = make_dataset(project)

    done = calls.add(dataset=dataset, calls=recorded(project), by=None)

    assert (done.addition.added_count, done.addition.duplicate_count) == (1, 1)


def test_a_filter_chooses_the_calls_of_this_project_alone(project):
    disliked = make_trace(project, asked="Where?")
    rate(project, disliked)
    make_trace(project, asked="Who?")
    make_trace(make_project(), asked="Whose?")
    now = timezone.now()
    wanted = TraceFilter(start=now - timedelta(hours=1), end=now + timedelta(hours=1), thumbs=Thumbs.DOWN)

    found = calls.chosen(project=project, wanted=wanted)

    assert [trace.hex_id for trace in found.traces] == [disliked]
    assert not found.has_more


def test_what_a_user_said_about_an_answer_is_noted_with_the_answer(project):
    trace_id = make_trace(project, asked="Where?", answered="Somewhere.")
    rate(project, trace_id, comment="Too vague.")

    (call,) = recorded(project)

    assert call.metadata["feedback"] == "Too vague."
    assert call.metadata["old_answer"] == "Somewhere."
