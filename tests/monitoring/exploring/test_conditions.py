"""What the line finds among stored traces."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import scores, trace_search, trace_volume
from monitoring.exploring import language
from monitoring.trace_filters import TraceFilter
from tests.monitoring.analysis.found_calls import note
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def wanting(line):
    parsed = language.parse(line)
    assert parsed.problems == ()
    now = timezone.now()
    return TraceFilter(start=now - timedelta(days=1), end=now + timedelta(minutes=1), terms=parsed.terms)


def ids(project, line, **more):
    page = trace_search.page(project=project, wanted=wanting(line), seconds=30, **more)
    return [trace.hex_id for trace in page.traces]


def score(project, trace_id, **fields):
    item = {"trace_id": trace_id, "source": "api", "user_id": secrets.token_hex(4)} | fields
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=timezone.now())])


@pytest.mark.parametrize(
    ("line", "matching", "other"),
    [
        ("model:large,huge", {"model": "huge"}, {"model": "small"}),
        ("-model:large", {"model": "small"}, {"model": "large"}),
        ("model:gpt-4*", {"model": "gpt-4o"}, {"model": "gpt-5"}),
        ("version:>=11", {"prompt": "a", "version": 11}, {"prompt": "a", "version": 10}),
        ("prompt:a version:3", {"prompt": "a", "version": 3}, {"prompt": "a", "version": 2}),
        ('prompt_version:"a v3"', {"prompt": "a", "version": 3}, {"prompt": "b", "version": 3}),
        ('-prompt_version:"a v3"', {"prompt": "b", "version": 3}, {"prompt": "a", "version": 3}),
        ("cost:>0.01", {"cost_usd": 0.02}, {"cost_usd": 0.01}),
        ("cost:<0.01", {"cost_usd": 0.002}, {"cost_usd": 0.02}),
        ("cost:<0.01", {"cost_usd": 0.002}, {"cost_usd": None, "model": "of unknown price"}),
        ("latency:>2s", {"took_ms": 2001}, {"took_ms": 2000}),
        ("latency:<=500ms", {"took_ms": 500}, {"took_ms": 501}),
        ("tokens:>500", {"tokens": (400, 101)}, {"tokens": (400, 100)}),
        ("output_tokens:<20", {"tokens": (400, 19)}, {"tokens": (400, 20)}),
        ('user:"u 17"', {"user": "u 17"}, {"user": "u 1"}),
        ("user:*", {"user": "ann"}, {}),
        ("-user:*", {}, {"user": "ann"}),
        ("service:shop", {"service": "shop"}, {"service": "desk"}),
        ("environment:staging", {"environment": "staging"}, {}),
        ("outcome:error", {"error": "Timeout"}, {}),
        ("-outcome:error", {}, {"error": "Timeout"}),
        ("has:session", {"session": "s"}, {}),
        ("has:error,user", {"user": "ann"}, {}),
        ('"where is my"', {"asked": "so where is my money"}, {"asked": "my money is where"}),
        ("-money", {"asked": "my parcel"}, {"asked": "my money"}),
        ("metadata.plan:pro", {"attributes": {"callboard.metadata.plan": "pro"}},
         {"attributes": {"callboard.metadata.plan": "free"}}),
        ("-metadata.plan:pro", {}, {"attributes": {"callboard.metadata.plan": "pro"}}),
        ("metadata.plan:*", {"attributes": {"callboard.metadata.plan": "x"}}, {}),
        ("metadata.seats:>9", {"attributes": {"callboard.metadata.seats": 10}},
         {"attributes": {"callboard.metadata.seats": 9}}),
        ("metadata.seats:>9", {"attributes": {"callboard.metadata.seats": 10}},
         {"attributes": {"callboard.metadata.seats": "many"}}),
        ("name:checkout*", {"name": "checkout flow"}, {"name": "greeting"}),
    ],
)  # fmt: skip
def test_each_condition_narrows_the_list(project, line, matching, other):
    expected = make_trace(project, **matching)
    make_trace(project, **other)

    assert ids(project, line) == [expected]


def test_the_hour_is_one_of_the_day_in_world_time(project):
    at = timezone.now() - timedelta(hours=2)
    expected = make_trace(project, at=at)
    make_trace(project, at=at - timedelta(hours=1))

    assert ids(project, f"hour:{at.hour}") == [expected]


def test_a_list_in_metadata_has_each_of_its_members(project):
    expected = make_trace(project, attributes={"callboard.metadata.tags": ["beta", "eu"]})
    make_trace(project, attributes={"callboard.metadata.tags": ["alpha"]})

    assert ids(project, "metadata.tags:beta") == [expected]


def test_metadata_of_any_step_counts(project):
    trace_id = new_trace_id()
    send(
        project,
        make_span(trace_id=trace_id),
        make_span(trace_id=trace_id, attributes={"callboard.metadata.plan": "pro"}),
    )
    make_trace(project)

    assert ids(project, "metadata.plan:pro", first_window=1) == [trace_id]


def test_names_of_metadata_are_values_and_never_a_part_of_the_statement(project):
    make_trace(project, attributes={"callboard.metadata.plan": "pro"})

    assert ids(project, r"""metadata."x' OR 1=1 --":"'; DROP TABLE span" """) == []


def test_scores_are_found_by_name_and_value(project):
    low, high, said = make_trace(project), make_trace(project), make_trace(project)
    score(project, low, name="helpful", value=2)
    score(project, high, name="helpful", value=4)
    score(project, said, name="tone", data_type="category", string_value="formal")

    assert ids(project, "score.helpful:<3") == [low]
    assert ids(project, "score.helpful:4") == [high]
    assert ids(project, "score.tone:formal") == [said]
    assert ids(project, "-has:score") == []


def test_comments_and_feedback_are_something_to_have(project):
    commented, rated, _ = make_trace(project), make_trace(project), make_trace(project)
    rate(project, commented, comment="Wrong")
    rate(project, rated)

    assert ids(project, "has:comment") == [commented]
    assert set(ids(project, "has:feedback")) == {commented, rated}


def test_what_was_found_in_calls_narrows_the_list_both_ways(project):
    flagged, other = make_trace(project), make_trace(project)
    note(project, flagged, {"refused": 0.9})

    assert ids(project, "flag:refused,toxic") == [flagged]
    assert ids(project, "-flag:any") == [other]
    assert ids(project, "has:flag") == [flagged]


def test_the_chart_counts_what_the_line_says(project):
    make_trace(project, model="large", attributes={"callboard.metadata.plan": "pro"})
    make_trace(project, model="small")
    counts = trace_volume.volume(project=project, wanted=wanting("-model:small metadata.plan:pro"))

    assert sum(count for _, count in counts) == 1


def test_short_fields_and_the_line_say_the_same():
    now = timezone.now()
    short = TraceFilter(start=now, end=now, text="money back", prompt="refund", version=3, min_duration_ms=2500)

    assert language.printed(short.spelled) == "money back prompt:refund version:3 latency:>=2.5s"
