"""Key pairs: who is let in."""

from __future__ import annotations

import pytest
from django.test import Client

from monitoring.models import Score
from projects import keys
from projects.models import RefusedRequest
from projects.roles import Scope
from tests.projects.factories import make_user

TRACE = "0af7651916cd43dd8448eb211c80319c"
SCORE = {"traceId": TRACE, "name": "helpful", "value": 1}


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_key_pair_opens_the_project(app):
    answer = app.get("/projects")

    assert (answer.status_code, answer.json()["data"][0]["name"]) == (200, app.project.name)


def test_the_public_key_of_another_key_is_named_as_the_mistake(app, make_app):
    other = make_app(Scope.INGEST)

    answer = Client().get("/api/public/projects", headers=app.headers(public_key=other.public_key))

    assert answer.status_code == 401
    assert "belongs to another API key" in answer.json()["message"]
    assert "another API key" in RefusedRequest.objects.get(project=app.project).reason


def test_a_name_that_is_no_public_key_says_nothing(app):
    answer = Client().get("/api/public/projects", headers=app.headers(public_key="pk-lf-1234"))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic ???", "Basic cGstY2ItYTpi", "Basic /w==", "Basic é", "Bearer pk-cb-aaaaaaaaaaaa", "Bearer x"],
)
def test_without_a_key_that_exists_nobody_is_let_in(app, authorization):
    answer = Client().post("/api/public/scores", SCORE, "application/json", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.json()["message"] == answer.json()["detail"]


def test_the_public_key_alone_may_send_scores_as_a_user(app):
    answer = Client().post("/api/public/scores", SCORE, "application/json", headers=bearer(app.public_key))

    assert answer.status_code == 200
    assert Score.objects.get(project=app.project).source == "user"


def test_the_public_key_alone_replaces_no_score_of_the_application(app):
    app.post("/scores", SCORE | {"id": TRACE})

    Client().post(
        "/api/public/scores", SCORE | {"id": TRACE, "value": 0}, "application/json", headers=bearer(app.public_key)
    )

    assert set(Score.objects.values_list("source", "value")) == {("api", 1.0), ("user", 0.0)}


@pytest.mark.parametrize("path", ["/projects", "/v2/prompts", "/v2/prompts/greeting"])
def test_the_public_key_alone_reads_nothing(app, path):
    assert Client().get(f"/api/public{path}", headers=bearer(app.public_key)).status_code == 401


def test_the_public_key_of_a_key_that_may_not_send_feedback_may_not_either(make_app):
    app = make_app(Scope.INGEST)

    answer = Client().post("/api/public/scores", SCORE, "application/json", headers=bearer(app.public_key))

    assert answer.status_code == 403
    assert not Score.objects.exists()


def test_a_revoked_key_takes_its_public_key_along(app):
    keys.revoke(key=app.key, by=make_user())
    keys.forget()

    answer = Client().post("/api/public/scores", SCORE, "application/json", headers=bearer(app.public_key))

    assert answer.status_code == 401
