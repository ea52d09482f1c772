"""Traces by key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.kinds import Kind
from projects import keys
from tests.monitoring.factories import make_span, make_trace, rate, send
from tests.projects.factories import make_project
from webapp.api import traces

pytestmark = pytest.mark.django_db

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def get(project):
    def fetch(path="", *, scopes=("api:read",), environment="", of=None, **query):
        _, plain = keys.create(project=of or project, name="reader", scopes=scopes, environment=environment)
        return Client().get(f"/api/v1/traces{path}", query, headers={"Authorization": f"Bearer {plain}"})

    return fetch


def ids(answer):
    return [item["trace_id"] for item in answer.json()["items"]]


def ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


def test_traces_are_listed_newest_first(project, get):
    old = make_trace(project, at=ago(30), asked="first question", cost_usd=0.5, prompt="refund", version=3)
    new = make_trace(project, at=ago(10))

    answer = get()

    assert answer.status_code == 200
    assert ids(answer) == [new, old]
    first = answer.json()["items"][1]
    assert (first["input_preview"], first["cost_usd"], first["prompt_version"], first["status"]) == (
        "first question",
        0.5,
        3,
        "ok",
    )


def test_pages_lead_through_all_traces(project, get):
    expected = [make_trace(project, at=ago(minutes)) for minutes in range(1, 6)]
    seen, cursor = [], ""
    while cursor is not None:
        answer = get(limit=2, cursor=cursor)
        seen += ids(answer)
        cursor = answer.json()["next"]

    assert seen == expected


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"environment": "staging"}, {"environment": "staging"}),
        ({"model": "large"}, {"model": "large"}),
        ({"prompt": "refund"}, {"prompt": "refund", "version": 1}),
        ({"user": "ann"}, {"user": "ann"}),
        ({"session": "s"}, {"session": "s"}),
        ({"status": "error"}, {"error": "Timeout"}),
        ({"q": "money"}, {"asked": "where is my money"}),
    ],
)
def test_filters_narrow_the_list(project, get, query, fields):
    wanted = make_trace(project, **fields)
    make_trace(project)

    assert ids(get(**query)) == [wanted]


def test_a_time_range_narrows_the_list(project, get):
    make_trace(project, at=ago(60))
    wanted = make_trace(project, at=ago(30))

    assert ids(get(start=ago(40).isoformat(), end=ago(20).isoformat())) == [wanted]
    assert ids(get(start=f"{ago(40):%Y-%m-%dT%H:%M:%S}")) == [wanted]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "x"},
        {"status": "maybe"},
        {"cursor": "x"},
        {"q": "a\x00b"},
        {"user": "x" * 300},
        {"start": "soon"},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(get, query):
    answer = get(**query)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_one_trace_comes_with_its_spans_and_scores(project, get):
    root = make_span(trace_id=TRACE, kind=Kind.AGENT, at=ago(5), asked="plain words", answered='{"done": true}')
    call = make_span(
        trace_id=TRACE, parent_id=root.span_id.hex(), at=ago(4), asked="hi", answered="hello", attributes={"my.key": 1}
    )
    send(project, root, call)
    rate(project, TRACE, comment="meh", span_id=call.span_id.hex())

    found = get(f"/{TRACE}").json()

    assert [(span["kind"], span["input"], span["output"]) for span in found["spans"]] == [
        ("agent", "plain words", {"done": True}),
        ("llm", [{"role": "user", "content": "hi"}], [{"role": "assistant", "content": "hello"}]),
    ]
    assert found["spans"][1]["parent_span_id"] == found["spans"][0]["span_id"]
    assert found["spans"][1]["attributes"]["my.key"] == 1
    assert [(score["comment"], score["span_id"]) for score in found["scores"]] == [("meh", call.span_id.hex())]
    assert found["next_span"] is None


def test_long_traces_come_in_parts(project, get):
    count = traces.SPANS_PER_ANSWER + 60
    send(
        project,
        *(
            make_span(trace_id=TRACE, at=ago(5) + timedelta(milliseconds=number), tokens=None)
            for number in range(count)
        ),
    )

    first = get(f"/{TRACE}").json()
    rest = get(f"/{TRACE}", after=first["next_span"]).json()

    seen = [span["span_id"] for span in first["spans"] + rest["spans"]]
    assert (len(seen), len(set(seen)), rest["next_span"]) == (count, count, None)


def test_a_trace_of_many_megabytes_comes_in_parts(project, get):
    send(project, *(make_span(trace_id=TRACE, at=ago(5), asked="x" * 1_000_000) for _ in range(20)))

    found = get(f"/{TRACE}")

    assert found.json()["next_span"]
    assert len(found.content) < 12_000_000


@pytest.mark.parametrize("after", ["x", "0" * 16, "ffffffffffffffff", "00" * 40])
def test_a_place_that_is_not_in_the_trace_is_refused(project, get, after):
    make_trace(project, trace_id=TRACE)

    assert get(f"/{TRACE}", after=after).status_code == 422


@pytest.mark.parametrize("name", ["1" * 32, "short", "x" * 32])
def test_unknown_traces_do_not_exist(get, name):
    assert get(f"/{name}").status_code == 404


def test_a_line_of_filters_narrows_the_list(project, get):
    dear = make_trace(project, at=ago(5), cost_usd=0.5, model="large")
    make_trace(project, at=ago(10), cost_usd=0.5, model="small")
    make_trace(project, at=ago(15), cost_usd=0.0001, model="large")

    assert ids(get(filter="cost:>0.01 model:large")) == [dear]
    assert ids(get(filter="cost:>0.01", model="large")) == [dear]


@pytest.mark.parametrize("line", ["cost:>much", "flag:nonsense", "nope:1", 'model:"open', "http://shop.example"])
def test_a_line_of_filters_that_makes_no_sense_is_refused_with_its_place(project, get, line):
    make_trace(project)

    answer = get(filter=line)

    assert answer.status_code == 422
    assert line.split()[0][:6] in answer.text.replace('\\"', '"')


def test_another_projects_traces_are_out_of_reach(project, get):
    make_trace(project, trace_id=TRACE)
    other = make_project()

    assert ids(get(of=other)) == []
    assert get(f"/{TRACE}", of=other).status_code == 404


def test_a_key_bound_to_an_environment_reads_no_other(project, get):
    make_trace(project, trace_id=TRACE, environment="production")
    staging = make_trace(project, environment="staging")

    assert ids(get(environment="staging")) == [staging]
    assert get(f"/{TRACE}", environment="staging").status_code == 404


@pytest.mark.parametrize("scope", ["ingest", "prompts:read", "feedback:write", "api:write"])
def test_other_scopes_may_not_read(project, get, scope):
    make_trace(project, trace_id=TRACE)

    assert get(scopes=[scope]).status_code == 403
    assert get(f"/{TRACE}", scopes=[scope]).status_code == 403


def test_no_key_reads_nothing(client):
    assert client.get("/api/v1/traces").status_code == 401
