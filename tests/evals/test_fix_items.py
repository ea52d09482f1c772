"""Calls of a fix: equal questions are on one side, about half on each, and nothing private gets in."""

from __future__ import annotations

import pytest

from evals import calls, datasets, fix_items
from evals.models import DatasetItem
from monitoring.models import Span
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def recorded(project, *questions: str) -> list[calls.RecordedCall]:
    found = []
    for asked in questions:
        trace_id = make_trace(project, asked=asked, answered="Write to ada@example.com.")
        found += calls.of_steps(
            project=project, steps=list(Span.objects.filter(trace_id=trace_id).values_list("trace_id", "span_id"))
        )
    return found


def test_equal_questions_are_on_the_same_side_and_both_sides_are_used():
    project = make_project()
    questions = [f"Where is parcel {place}?" for place in range(24)]

    first, again = (
        {call.input["messages"][0]["content"]: call.split for call in prepared}
        for prepared in (fix_items.prepared(project=project, calls=recorded(project, *questions)) for _ in range(2))
    )

    assert first == again
    assert set(first.values()) == {fix_items.TUNE, fix_items.HOLD_OUT}


def test_what_is_private_is_masked_before_it_is_an_item():
    project = make_project()
    dataset = datasets.create(project=project, name="issues/1", by=None)
    prepared = fix_items.prepared(project=project, calls=recorded(project, "I am bob@example.com, call +49 30 901820."))

    calls.add(dataset=dataset, calls=prepared, with_answer=True, by=None)

    item = DatasetItem.objects.get(dataset=dataset)
    kept = f"{item.input} {item.expected_output}"
    assert "example.com" not in kept
    assert "901820" not in kept
    assert item.split == prepared[0].split
