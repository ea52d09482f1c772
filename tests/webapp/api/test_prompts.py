"""The prompt API, as applications call it."""

from __future__ import annotations

import gzip
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from django.test import Client
from ninja import NinjaAPI

from projects import keys
from projects.models import ApiKey, AuditEvent, Project, User
from projects.roles import Role, Scope
from prompt_registry import labels, prompts, resolution
from prompt_registry.models import Prompt
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from webapp.api import prompts as prompts_api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_answers():
    resolution.forget()
    prompts_api._touched_at.clear()
    return


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def approver(project: Project) -> User:
    return make_member(project, Role.APPROVER)


@pytest.fixture
def live(project: Project, approver: User) -> Prompt:
    prompt = make_prompt(project, name="support/refund answer")
    version = make_version(prompt, chat(("system", "Be kind to {{name}}.")))
    labels.publish(prompt=prompt, version=version, label="production", by=approver)
    return prompt


def _key(project: Project, *scopes: str, environment: str = "") -> dict[str, str]:
    _, plain = keys.create(project=project, name="app", scopes=scopes or [Scope.PROMPTS_READ], environment=environment)
    return {"Authorization": f"Bearer {plain}"}


def _get(path: str, headers: dict[str, str], **more: str):
    return Client().get(f"/api/v1/prompts{path}", headers=headers | more)


def _post(headers: dict[str, str], body: dict[str, Any]):
    return Client().post("/api/v1/prompts", orjson.dumps(body), content_type="application/json", headers=headers)


BODY = {"name": "support/new", "type": "chat", "messages": [{"role": "system", "content": "Hi {{name}}"}]}


def test_a_prompt_is_fetched_by_its_encoded_name_or_by_its_path(project, live):
    headers = _key(project)

    encoded = _get(f"/{quote(live.name, safe='')}?label=production", headers)
    plain = _get(f"/{quote(live.name)}", headers)

    assert encoded.status_code == plain.status_code == 200
    assert encoded.json() == plain.json()
    assert encoded.json()["messages"] == [{"role": "system", "content": "Be kind to {{name}}."}]
    assert encoded["Content-Type"] == "application/json"
    assert encoded["Cache-Control"] == "no-cache"


def test_the_etag_is_strong_and_saves_the_body_the_second_time(project, live):
    headers = _key(project)
    first = _get(f"/{quote(live.name)}", headers)
    etag = first["ETag"]

    again = _get(f"/{quote(live.name)}", headers, **{"If-None-Match": etag})
    weakened = _get(f"/{quote(live.name)}", headers, **{"If-None-Match": f'"other", W/{etag}'})
    changed = _get(f"/{quote(live.name)}", headers, **{"If-None-Match": '"other"'})

    assert etag.startswith('"')
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert (weakened.status_code, changed.status_code) == (304, 200)


def test_a_publish_changes_the_etag(project, live, approver):
    headers = _key(project)
    before = _get(f"/{quote(live.name)}", headers)["ETag"]
    labels.publish(prompt=live, version=make_version(live), label="production", by=approver)
    resolution.forget()

    after = _get(f"/{quote(live.name)}", headers, **{"If-None-Match": before})

    assert (after.status_code, after.json()["version"]) == (200, 2)


def test_versions_and_latest_can_be_asked_for(project, live):
    make_version(live)
    headers = _key(project)

    assert _get(f"/{quote(live.name)}?version=1", headers).json()["version"] == 1
    assert _get(f"/{quote(live.name)}?label=latest", headers).json()["labels"] == ["latest"]
    assert _get(f"/{quote(live.name)}?version=1&label=production", headers).status_code == 422
    assert _get(f"/{quote(live.name)}?version=x", headers).status_code == 422


@pytest.mark.parametrize("path", [
    "/nothing", "/support/refund%20answer?label=staging", "/support/refund%20answer?version=9", "/" + "x" * 300,
    "/support/refund%20answer?version=0", "/support/refund%20answer?version=99999999999", "/a%00b", "/x?label=a%00",
    "/support/refund%20answer?label=" + "x" * 40,
])  # fmt: skip
def test_what_does_not_exist_is_404_with_a_sentence(project, live, path):
    answer = _get(path, _key(project))

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_deleted_prompt_is_410(project, live, approver):
    prompts.delete(prompt=live, by=approver)

    assert _get(f"/{quote(live.name)}", _key(project)).status_code == 410


def test_somebody_elses_prompt_is_404_like_one_that_never_was(live):
    stranger = _key(make_project())

    found = _get(f"/{quote(live.name)}", stranger)
    missing = _get("/nothing", stranger)

    assert found.status_code == missing.status_code == 404
    assert found.json()["detail"] == missing.json()["detail"]


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_key_of_one_environment_reads_production_and_staging(project, live, approver, environment):
    labels.publish(prompt=live, version=make_version(live), label="staging", by=approver)
    headers = _key(project, environment=environment)

    assert _get(f"/{quote(live.name)}?label=production", headers).json()["version"] == 1
    assert _get(f"/{quote(live.name)}?label=staging", headers).json()["version"] == 2


def test_keys_without_the_scope_are_refused(project, live):
    assert _get(f"/{quote(live.name)}", {}).status_code == 401
    assert _get(f"/{quote(live.name)}", _key(project, Scope.INGEST)).status_code == 403
    assert _post(_key(project), BODY).status_code == 403


def test_the_bulk_answer_warms_an_application_up(project, live):
    make_version(make_prompt(project, name="unpublished"))
    headers = _key(project)

    answer = _get("?label=production", headers)
    again = _get("?label=production", headers, **{"If-None-Match": answer["ETag"]})

    assert [item["name"] for item in answer.json()["items"]] == ["support/refund answer"]
    assert answer.json()["next"] is None
    assert again.status_code == 304


def test_a_fetch_notes_once_a_minute_that_the_key_is_used(project, live, django_assert_num_queries):
    headers = _key(project)
    _get(f"/{quote(live.name)}", headers, **{"X-Callboard-SDK": "python/0.1.0"})

    with django_assert_num_queries(0):
        _get(f"/{quote(live.name)}", headers)

    assert ApiKey.objects.get().last_used_by == "python/0.1.0"


def test_an_application_saves_a_new_prompt(project):
    answer = _post(
        _key(project, Scope.API_WRITE), BODY | {"note": "First", "settings": {"model": "m"}, "labels": ["staging"]}
    )

    assert answer.status_code == 201
    value = answer.json()
    assert (value["name"], value["version"], value["labels"]) == ("support/new", 1, ["staging", "latest"])
    assert (value["note"], value["settings"], value["variables"][0]["name"]) == ("First", {"model": "m"}, "name")
    assert AuditEvent.objects.get(action="prompt.version_saved").actor.startswith("key ")


def test_sending_the_same_again_changes_nothing(project):
    headers = _key(project, Scope.API_WRITE)
    _post(headers, BODY | {"labels": ["staging"]})

    again = _post(headers, BODY | {"labels": ["staging"]})

    assert (again.status_code, again.json()["version"]) == (200, 1)


def test_an_application_never_publishes_to_production(project, live):
    headers = _key(project, Scope.API_WRITE)

    answer = _post(headers, BODY | {"name": live.name, "labels": ["staging", "production"]})

    assert answer.status_code == 403
    assert live.versions.count() == 1
    assert not live.labels.filter(name="staging").exists()


def test_a_stale_base_is_409_with_the_newest_version(project, live):
    headers = _key(project, Scope.API_WRITE)
    make_version(live)

    answer = _post(headers, BODY | {"name": live.name, "base_version": 1})
    fresh = _post(headers, BODY | {"name": live.name, "base_version": 2})

    assert (answer.status_code, answer.json()["newest_version"]) == (409, 2)
    assert fresh.status_code == 201


@pytest.mark.parametrize(("change", "status"), [
    ({"messages": []}, 422), ({"messages": "x"}, 422), ({"settings": {"temperature": 9}}, 422), ({"name": "a|b"}, 422),
    ({"name": None}, 422), ({"name": 5}, 422), ({"type": "song"}, 422), ({"labels": ["latest"]}, 422), ({"labels": [3]}, 422),
    ({"labels": ["3"]}, 422), ({"note": "x" * 501}, 422), ({"base_version": "1"}, 422), ({"base_version": True}, 422),
    ({"type": "text", "text": "x", "name": "support/refund answer"}, 409),
])  # fmt: skip
def test_a_body_that_cannot_be_saved_says_why(project, live, change, status):
    answer = _post(_key(project, Scope.API_WRITE), BODY | change)

    assert answer.status_code == status
    assert answer.json()["detail"]
    assert Prompt.objects.filter(name="support/new").count() == 0


def test_every_wrong_field_is_listed(project):
    answer = _post(
        _key(project, Scope.API_WRITE), BODY | {"messages": [{"role": "x", "content": ""}], "settings": {"top_p": "?"}}
    )

    assert {item["field"] for item in answer.json()["errors"]} == {
        "messages.0.role",
        "messages.0.content",
        "settings.top_p",
    }


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_400(project, body):
    answer = Client().post(
        "/api/v1/prompts", body, content_type="application/json", headers=_key(project, Scope.API_WRITE)
    )

    assert answer.status_code == 400


def test_a_gzipped_body_is_read(project):
    headers = _key(project, Scope.API_WRITE) | {"Content-Encoding": "gzip"}

    answer = Client().post(
        "/api/v1/prompts", gzip.compress(orjson.dumps(BODY)), content_type="application/json", headers=headers
    )

    assert answer.status_code == 201


def test_deleted_and_archived_prompts_take_no_versions(project, live, approver):
    headers = _key(project, Scope.API_WRITE)
    prompts.archive(prompt=live, by=approver)
    archived = _post(headers, BODY | {"name": live.name})
    prompts.delete(prompt=live, by=approver)

    deleted = _post(headers, BODY | {"name": live.name})

    assert (archived.status_code, deleted.status_code) == (409, 410)


def test_a_text_prompt_is_recognised_by_its_text(project):
    answer = _post(_key(project, Scope.API_WRITE), {"name": "greeting", "text": "Hello {{name}}"})

    assert (answer.json()["type"], answer.json()["text"]) == ("text", "Hello {{name}}")


def test_the_api_document_names_the_operations():
    from webapp.api.application import api

    assert isinstance(api, NinjaAPI)
    assert {"/api/v1/prompts", "/api/v1/prompts/{name}"} <= set(api.get_openapi_schema(path_prefix="/api/v1/")["paths"])
