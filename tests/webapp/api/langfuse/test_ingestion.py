"""Batches of the older SDKs, over HTTP."""

from __future__ import annotations

import gzip
import json
from typing import Any

import orjson
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring import quotas
from monitoring.models import Score, Span
from monitoring.quotas import Quota
from projects.models import ApiKey
from projects.roles import Scope
from tests.projects.factories import make_member
from webapp.api import admission

TRACE = "0af7651916cd43dd8448eb211c80319c"


def event(event_id: str, event_type: str, **body: Any) -> dict[str, Any]:
    return {"id": event_id, "type": event_type, "timestamp": "2026-11-28T10:00:00Z", "body": body}


STEP = event("e1", "span-create", id="a", traceId=TRACE, name="search", startTime="2026-11-28T10:00:00Z")
SCORE = event("e2", "score-create", id="s", traceId=TRACE, name="helpful", value=1)


def test_every_event_is_answered(app):
    answer = app.post("/ingestion", {"batch": [STEP, SCORE, event("e3", "sdk-log", log="hello")]})

    assert answer.status_code == 207
    assert answer.json() == {"successes": [{"id": f"e{n}", "status": 201} for n in (1, 2, 3)], "errors": []}
    assert (Span.objects.get().name, Score.objects.get().name) == ("search", "helpful")


def test_wrong_events_are_named_and_the_others_stored(app):
    wrong = event("e4", "score-create", name="lost", value=1)

    answer = app.post("/ingestion", {"batch": [STEP, event("e5", "dance"), wrong]}).json()

    assert answer["successes"] == [{"id": "e1", "status": 201}]
    assert [(error["id"], error["status"]) for error in answer["errors"]] == [("e5", 400), ("e4", 400)]
    assert "traceId" in answer["errors"][1]["message"]


def test_what_a_project_masks_is_masked_on_this_road_too(app):
    card = "4111 1111 1111 1111"
    call = event("e7", "generation-create", id="a", traceId=TRACE, input=f"My card is {card}", metadata={"card": card})
    update = event("e8", "generation-update", id="a", traceId=TRACE, output=f"Thanks for {card}")
    remark = event("e9", "score-create", traceId=TRACE, name="remark", value=f"He wrote {card}", comment=card)

    app.post("/ingestion", {"batch": [call, remark]})
    app.post("/ingestion", {"batch": [update]})
    app.post("/scores", {"traceId": TRACE, "name": "remark", "value": card})

    span, scores = Span.objects.values().get(), list(Score.objects.values())
    assert "Thanks for" in span["output"]
    assert card not in repr((span, scores))


def test_scores_need_the_permission_to_send_feedback(make_app):
    app = make_app(Scope.INGEST)

    answer = app.post("/ingestion", {"batch": [STEP, SCORE]}).json()

    assert answer["successes"] == [{"id": "e1", "status": 201}]
    assert [(error["id"], error["status"]) for error in answer["errors"]] == [("e2", 403)]
    assert not Score.objects.exists()


def test_a_score_without_an_id_is_stored_once_however_often_it_is_sent(app):
    nameless = event("e6", "score-create", traceId=TRACE, name="helpful", value=1)

    app.post("/ingestion", {"batch": [nameless]})
    app.post("/ingestion", {"batch": [nameless]})

    assert Score.objects.count() == 1


def test_a_compressed_batch_is_read_and_the_key_counts_as_used(app):
    body = gzip.compress(orjson.dumps({"batch": [STEP]}))

    assert app.post("/ingestion", body, **{"Content-Encoding": "gzip"}).status_code == 207
    assert ApiKey.objects.get(pk=app.key.pk).last_used_at is not None


@pytest.mark.parametrize("body", [b"{", {}, [], {"batch": None}, {"batch": {"a": 1}}, 7])
def test_what_is_no_batch_is_refused(app, body):
    assert app.post("/ingestion", body).status_code == 400


def test_too_many_events_are_refused(app):
    assert app.post("/ingestion", {"batch": [0] * 5001}).status_code == 413


def test_a_busy_server_tells_the_sdk_to_come_back(app, monkeypatch):
    monkeypatch.setattr(admission, "_WAIT_SECONDS", 0.01)
    taken = 0
    while admission._slots.acquire(blocking=False):
        taken += 1
    try:
        answer = app.post("/ingestion", {"batch": [STEP]})
    finally:
        for _ in range(taken):
            admission._slots.release()

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert not Span.objects.exists()


@pytest.mark.parametrize(("path", "sent"), [("/ingestion", {"batch": [STEP]}), ("/scores", SCORE["body"])])
def test_a_project_that_sends_too_fast_is_told_to_wait(app, path, sent):
    quotas.change(project=app.project, quota=Quota(requests_per_minute=1), by=make_member(project=app.project))
    quotas.forget()

    answers = [app.post(path, sent) for _ in range(2)]

    assert [answer.status_code for answer in answers][1] == 429
    assert answers[1].headers["Retry-After"]


def test_another_method_is_refused(app):
    assert app.get("/ingestion").status_code == 405


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
EVENTS = st.fixed_dictionaries({
    "id": JSON, "timestamp": JSON, "type": st.sampled_from(["trace-create", "span-update", "generation-create", "score-create"]),
    "body": st.dictionaries(st.sampled_from(["id", "traceId", "name", "value", "input", "usage", "startTime"]), JSON) | JSON,
})  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EVENTS | JSON, max_size=4) | JSON, st.binary(max_size=3))
def test_nothing_that_is_sent_is_a_fault_of_ours(app, events, rubbish):
    body = json.dumps({"batch": events}).encode() + rubbish

    answer = Client().post("/api/public/ingestion", body, "application/json", headers=app.headers())

    assert answer.status_code in (207, 400)
