"""Requests for approval through the API: a key asks and withdraws, people approve."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from projects import keys
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import change_requests, labels
from prompt_registry.models import Prompt
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version
from webapp.api.application import api

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project(is_approval_required=True)


@pytest.fixture
def approver(project: Project) -> User:
    return make_member(project, Role.APPROVER, name="Dana", email="dana@example.org")


@pytest.fixture
def prompt(project: Project) -> Prompt:
    prompt = make_prompt(project, name="support/refund")
    make_version(prompt)
    return prompt


@pytest.fixture
def headers(project: Project) -> dict[str, str]:
    _, plain = keys.create(project=project, name="ci", scopes=[Scope.API_WRITE, Scope.API_READ, Scope.PROMPTS_READ])
    return {"Authorization": f"Bearer {plain}"}


def post(headers: dict[str, str], path: str, **body: Any):
    return Client().post(f"/api/v1{path}", orjson.dumps(body), content_type="application/json", headers=headers)


def get(headers: dict[str, str], path: str):
    return Client().get(f"/api/v1{path}", headers=headers)


def ask(headers: dict[str, str], **body: Any):
    return post(headers, "/change-requests", **{"prompt": "support/refund", "version": 1} | body)


def test_a_key_asks_and_sees_how_it_stands(prompt, approver, headers):
    asked = ask(headers, note="From pull request 812", reviewer="Dana@example.org")

    assert asked.status_code == 201
    told = asked.json()
    assert {name: told[name] for name in ("prompt", "version", "label", "state", "note", "reviewer", "requested_by")} == {
        "prompt": "support/refund", "version": 1, "label": "production", "state": "open", "note": "From pull request 812",
        "reviewer": "Dana", "requested_by": None,
    }  # fmt: skip
    assert told["content_hash"] == prompt.versions.get().content_hash
    assert told["url"].endswith(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/publish/?version=1&to=production")

    change_requests.approve(
        request=prompt.change_requests.get(), content_hash=told["content_hash"], by=approver, note="Fine"
    )
    found = get(headers, f"/change-requests/{told['id']}").json()
    assert (found["state"], found["reviewed_by"], found["review_note"]) == ("approved", "Dana", "Fine")


def test_addresses_of_people_are_never_told(prompt, approver, headers):
    ask(headers, reviewer="dana@example.org")

    assert "dana@example.org" not in get(headers, "/change-requests").text


def test_the_list_is_filtered_and_goes_on(project, prompt, approver, headers):
    other = make_prompt(project, name="other")
    make_version(other)
    ids = [ask(headers).json()["id"], ask(headers, prompt="other").json()["id"]]
    post(headers, f"/change-requests/{ids[0]}/withdraw")

    def listed(query: str) -> list[int]:
        return [item["id"] for item in get(headers, f"/change-requests{query}").json()["items"]]

    assert listed("") == ids[::-1]
    assert (listed("?prompt=other"), listed("?state=withdrawn")) == ([ids[1]], [ids[0]])
    first = get(headers, "/change-requests?limit=1").json()
    assert (first["next"], listed(f"?limit=1&before={first['next']}")) == (ids[1], [ids[0]])
    for query in ("?state=invented", "?limit=0", "?before=x"):
        assert get(headers, f"/change-requests{query}").status_code == 422


def test_a_key_withdraws_what_keys_asked_for_and_nothing_else(prompt, approver, headers):
    own = ask(headers).json()["id"]
    assert post(headers, f"/change-requests/{own}/withdraw").json()["state"] == "withdrawn"
    assert post(headers, f"/change-requests/{own}/withdraw").status_code == 409

    theirs = change_requests.ask(prompt=prompt, version=prompt.versions.get(), label="production", by=approver)
    assert post(headers, f"/change-requests/{theirs.pk}/withdraw").status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"prompt": "nothing"}, 404),
        ({"version": 9}, 404),
        ({"label": "staging"}, 409),
        ({"label": "latest"}, 422),
        ({"label": "Bad Name"}, 422),
        ({"version": "one"}, 422),
        ({"version": 0}, 422),
        ({"version": 2**40}, 422),
        ({"note": "x" * 501}, 422),
        ({"note": "nul\x00"}, 422),
        ({"reviewer": "nobody@example.org"}, 422),
        ({"prompt": None}, 422),
    ],
)
def test_what_cannot_be_asked_says_why_in_one_sentence(prompt, approver, headers, body, status):
    answer = ask(headers, **body)

    assert answer.status_code == status
    assert answer.json()["detail"].endswith((".", "»."))
    assert not prompt.change_requests.exists()


def test_asking_twice_names_the_request_that_waits(prompt, approver, headers):
    first = ask(headers).json()["id"]

    again = ask(headers)

    assert (again.status_code, again.json()["id"]) == (409, first)


def test_another_projects_requests_do_not_exist(prompt, approver, headers):
    theirs = make_prompt(make_project())
    request = change_requests.ask(prompt=theirs, version=make_version(theirs), label="production", by=None)

    assert get(headers, f"/change-requests/{request.pk}").status_code == 404
    assert post(headers, f"/change-requests/{request.pk}/withdraw").status_code == 404
    assert ask(headers, prompt=theirs.name).status_code == 404
    for strange in (0, -1, 2**70):
        assert get(headers, f"/change-requests/{strange}").status_code == 404


def test_there_is_no_road_to_approve_or_publish_with_a_key(prompt, approver, headers):
    number = ask(headers).json()["id"]

    for verb in ("approve", "publish", "review"):
        assert post(headers, f"/change-requests/{number}/{verb}").status_code == 404
    paths = {path for path in api.get_openapi_schema()["paths"] if "change-requests" in path}
    assert paths == {
        "/api/v1/change-requests", "/api/v1/change-requests/{change_request_id}",
        "/api/v1/change-requests/{change_request_id}/withdraw",
    }  # fmt: skip


def test_the_openapi_document_describes_body_and_answer():
    operation = api.get_openapi_schema()["paths"]["/api/v1/change-requests"]["post"]

    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert {"prompt", "version", "label", "note", "reviewer"} == set(body["properties"])
    answer = operation["responses"][201]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/ChangeRequestOut"}


def test_a_refused_label_says_how_to_ask_and_saves_nothing(prompt, approver, headers):
    body = {"name": prompt.name, "type": "chat", "messages": [{"role": "system", "content": "New"}]}

    answer = post(headers, "/prompts", **body, labels=["production"])

    assert answer.status_code == 403
    assert "«production» is protected" in answer.json()["detail"]
    assert "POST /api/v1/change-requests" in answer.json()["detail"]
    assert prompt.versions.count() == 1


def test_even_an_approved_version_is_published_by_a_person(prompt, approver, headers):
    request = prompt.change_requests.get(pk=ask(headers).json()["id"])
    change_requests.approve(request=request, content_hash=request.content_hash, by=approver)
    same = {
        "name": prompt.name, "type": "chat", "labels": ["production"], "messages": prompt.versions.get().messages,
        "variables": prompt.versions.get().variables,
    }  # fmt: skip

    assert post(headers, "/prompts", **same).status_code == 403
    assert not prompt.labels.exists()
    assert (
        labels.publish(prompt=prompt, version=request.version, label="production", by=approver).change_request
        == request
    )
