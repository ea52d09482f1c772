"""A dataset against recorded calls: what it represents, what is missing, and what becomes of a suggestion."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest

from evals.coverage import adding, measuring, queries
from evals.coverage.models import DatasetCoverage
from monitoring.analysis import running as analyses
from monitoring.models import Trace
from tests.evals.factories import add, make_dataset, make_editor
from tests.monitoring.factories import make_span, rate, send
from tests.projects.factories import make_project
from workers import tasks

pytestmark = pytest.mark.django_db

_REFUNDS = [
    f"{ask} the money {back} for {thing}?"
    for ask, back, thing in product(
        ["How do I get", "When will I see", "Can I have"], ["back", "returned", "refunded"],
        ["my broken lamp", "the wrong shoes", "a late parcel", "this torn shirt", "two cold pizzas", "an old ticket", "the blue sofa"],
    )
]  # fmt: skip
_PASSWORDS = [
    f"{start} {what} {where}, please help"
    for start, what, where in product(
        ["I forgot", "I cannot change", "I lost", "I must reset"], ["my password", "my login code", "the sign in name"],
        ["on the phone", "in the browser", "at work today", "after the update", "since yesterday"],
    )
]  # fmt: skip


def is_refund(text: str) -> bool:
    return text in _REFUNDS


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def dataset(project):
    """A dataset with items about money alone."""
    dataset = make_dataset(project)
    for text in _REFUNDS:
        add(dataset, text + " Please.")
    return dataset


def record_calls(project, texts=(*_REFUNDS, *_PASSWORDS), **fields) -> None:
    send(project, *(make_span(asked=text, **fields) for text in texts))
    analyses.run(project_id=project.pk)


def test_what_has_no_item_is_missing(project, dataset):
    record_calls(project)

    found = measuring.measure(dataset=dataset, prompt_name="")

    share_of_refunds = 100 * len(_REFUNDS) / len(_REFUNDS + _PASSWORDS)
    assert found.percent == pytest.approx(share_of_refunds, abs=8)
    assert found.call_count == len(_REFUNDS + _PASSWORDS)
    assert sum(group["share"] * (1 - group["covered"]) for group in found.groups) == pytest.approx(
        1 - found.percent / 100
    )


def test_calls_of_the_missing_kind_are_suggested(project, dataset):
    record_calls(project)
    measuring.measure(dataset=dataset, prompt_name="")

    suggested = queries.shown(dataset=dataset, prompt_name="").suggestions

    assert len(suggested) == 10
    assert sum(is_refund(call.text) for call in suggested) <= 1


def test_an_added_suggestion_leads_back_to_its_call_and_raises_the_number(project, dataset):
    record_calls(project)
    before = measuring.measure(dataset=dataset, prompt_name="")
    suggested = queries.shown(dataset=dataset, prompt_name="").suggestions

    adding.add(dataset=dataset, keys=[(call.trace_id, call.span_id) for call in suggested], by=make_editor(project))

    sources = set(dataset.items.current().exclude(source_trace_id=None).values_list("source_trace_id", flat=True))
    assert sources == {call.trace_id for call in suggested}
    after = measuring.measure(dataset=dataset, prompt_name="")
    assert after.percent > before.percent + 5


def test_a_suggestion_that_was_added_is_not_shown_again(project, dataset):
    record_calls(project)
    measuring.measure(dataset=dataset, prompt_name="")
    first, *rest = queries.shown(dataset=dataset, prompt_name="").suggestions

    adding.add(dataset=dataset, keys=[(first.trace_id, first.span_id)], by=make_editor(project))

    assert queries.shown(dataset=dataset, prompt_name="").suggestions == rest


def test_a_deleted_call_leaves_no_text_behind(project, dataset):
    record_calls(project)
    measuring.measure(dataset=dataset, prompt_name="")

    Trace.objects.for_project(project).delete()

    found = queries.shown(dataset=dataset, prompt_name="")
    assert found.suggestions == []
    assert {line.example for line in found.groups} == {""}


def test_disliked_calls_are_suggested_first(project, dataset):
    record_calls(project)
    for trace_id in (
        Trace.objects.for_project(project).filter(input_preview__startswith="I lost").values_list("trace_id", flat=True)
    ):
        rate(project, trace_id.hex)

    measuring.measure(dataset=dataset, prompt_name="")

    first = queries.shown(dataset=dataset, prompt_name="").suggestions[0]
    assert first.text.startswith("I lost")


def test_few_calls_give_no_number(project, dataset):
    record_calls(project, _PASSWORDS[:20])

    found = measuring.measure(dataset=dataset, prompt_name="")

    assert (found.percent, found.distinct_count, found.suggestions) == (None, 20, [])


def test_the_same_call_many_times_counts_once(project, dataset):
    record_calls(project, ["Where is my parcel?"] * 150)

    assert measuring.measure(dataset=dataset, prompt_name="").distinct_count == 1


def test_a_day_has_one_number_and_the_days_make_a_trend(project, dataset):
    record_calls(project)
    earlier = measuring.measure(dataset=dataset, prompt_name="")
    DatasetCoverage.objects.filter(pk=earlier.pk).update(day=earlier.day - timedelta(days=1))

    measuring.measure(dataset=dataset, prompt_name="")
    measuring.measure(dataset=dataset, prompt_name="")

    trend = queries.shown(dataset=dataset, prompt_name="").trend
    assert [day for day, _, _ in trend] == [earlier.day - timedelta(days=1), earlier.day]


def test_calls_of_one_prompt_are_measured_apart(project, dataset):
    record_calls(project, prompt="support/money", version=1)
    record_calls(project, ["Tell me a joke"], prompt="fun/joke", version=1)

    found = measuring.measure(dataset=dataset, prompt_name="support/money")

    assert found.call_count == len(_REFUNDS + _PASSWORDS)


def test_the_calls_of_the_prompt_that_the_items_came_from_are_meant_first(project):
    dataset = make_dataset(project)
    for number in range(3):
        add(dataset, f"Question {number}?", metadata={"prompt": "support/money"})
    add(dataset, "By hand?")

    assert measuring.usual_prompt(dataset) == "support/money"


def test_every_dataset_with_items_is_measured_once_a_day(project, dataset):
    make_dataset(project)
    record_calls(project)

    tasks.tick("coverage.plan")
    tasks.tick("coverage.plan")
    tasks.run_ready("insight")

    assert list(DatasetCoverage.objects.values_list("dataset_id", flat=True)) == [dataset.pk]


def test_asking_again_while_one_is_under_way_changes_nothing(dataset):
    assert measuring.ask(dataset=dataset, prompt_name="")
    assert not measuring.ask(dataset=dataset, prompt_name="")


def test_a_call_of_another_project_cannot_be_added(project, dataset):
    other = make_project()
    record_calls(other, ["Ours alone"])
    trace = Trace.objects.for_project(other).get()

    done = adding.add(dataset=dataset, keys=[(UUID(trace.hex_id), 1)], by=make_editor(project))

    assert (done.addition.added_count, done.left_out_count) == (0, 1)
