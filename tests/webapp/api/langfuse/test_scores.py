"""Scores, one and many, with the answers that the SDKs tell apart."""

from __future__ import annotations

import pytest

from monitoring.models import Score
from projects.roles import Scope
from tests.monitoring.factories import make_trace

TRACE = "0af7651916cd43dd8448eb211c80319c"
SCORE = {"traceId": TRACE, "name": "helpful", "value": 1}


def test_one_score_is_answered_with_its_id(app):
    answer = app.post("/scores", SCORE | {"id": "mine"})

    assert (answer.status_code, answer.json()) == (200, {"id": "mine"})


def test_a_score_without_an_id_gets_one(app):
    answer = app.post("/scores", SCORE)

    assert answer.json() == {"id": str(Score.objects.get().id)}


def test_one_wrong_score_is_refused_in_words(app):
    answer = app.post("/scores", {"traceId": TRACE, "value": 1})

    assert (answer.status_code, answer.json()["message"]) == (400, "A score needs a name.")


def test_a_list_that_is_stored_whole_is_answered_with_202_and_nothing_the_sdk_takes_for_an_error(app):
    answer = app.post("/scores", [SCORE, SCORE | {"name": "accuracy", "value": 0.9}])

    assert (answer.status_code, answer.json()) == (202, {"message": "Accepted"})
    assert Score.objects.count() == 2


def test_a_list_with_a_wrong_score_stores_the_others_and_says_why(app):
    answer = app.post("/scores", [SCORE, {"name": "lost"}, 7])

    assert answer.status_code == 207
    assert answer.json() == {
        "accepted": 1, "rejected": 2, "errors": [{"message": "A score needs a traceId."}, {"message": "A score must be an object."}],
    }  # fmt: skip
    assert Score.objects.count() == 1


def test_an_empty_list_is_accepted(app):
    assert app.post("/scores", []).status_code == 202


def test_the_same_id_again_changes_the_score(app):
    app.post("/scores", SCORE | {"id": "mine", "value": 0.2})
    app.post("/scores", [SCORE | {"id": "mine", "value": 0.7}])

    assert Score.objects.get().value == 0.7


def test_a_score_finds_its_call(app):
    trace_id = make_trace(app.project)

    app.post("/scores", SCORE | {"traceId": trace_id})

    assert Score.objects.get().joined_at is not None


def test_more_than_a_thousand_scores_are_too_many(app):
    assert app.post("/scores", [SCORE] * 1001).status_code == 413
    assert not Score.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"7", b'"text"', b"null"])
def test_what_is_no_score_at_all_is_refused(app, body):
    assert app.post("/scores", body).status_code == 400


def test_what_strict_json_refuses_is_read(app):
    answer = app.post("/scores", b'{"traceId": "%s", "name": "a\\ud800", "value": 1, "metadata": NaN}' % TRACE.encode())

    assert answer.status_code == 200
    assert Score.objects.get().name == "a\ufffd"


def test_a_key_that_may_not_send_feedback_is_refused(make_app):
    assert make_app(Scope.INGEST).post("/scores", SCORE).status_code == 403
