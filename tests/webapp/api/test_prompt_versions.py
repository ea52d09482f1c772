"""Versions, labels and the archive, as tools use them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from django.test import Client

from projects import keys
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import drafts, labels, prompts, resolution
from prompt_registry.models import Prompt
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text
from webapp.api import prompt_schemas
from webapp.api.application import api

pytestmark = pytest.mark.django_db

NAME = "support/refund answer"


@pytest.fixture(autouse=True)
def _forget_answers():
    resolution.forget()
    return


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def approver(project: Project) -> User:
    return make_member(project, Role.APPROVER, name="Dana")


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_prompt(project, name=NAME)


class App:
    """An application with a key that may read and write."""

    def __init__(self, project: Project, *scopes: Scope) -> None:
        _, plain = keys.create(project=project, name="app", scopes=scopes or [Scope.API_READ, Scope.API_WRITE])
        self.headers = {"Authorization": f"Bearer {plain}"}

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any) -> Any:
        address = f"/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")
        data = b"" if body is None else orjson.dumps(body)
        return Client().generic(
            method, address, data, content_type="application/json", headers=self.headers | (headers or {})
        )

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return self.ask("GET", path, None, headers, **query)


@pytest.fixture
def app(project: Project) -> App:
    return App(project)


# Versions


def test_versions_come_newest_first_in_pages_without_texts(app, prompt, approver):
    for number in range(3):
        make_version(prompt, chat(("system", f"Secret {number}")), note=f"Note {number + 1}", by=approver)

    first = app.get("prompt-versions", prompt=NAME, limit=2)
    second = app.get("prompt-versions", prompt=NAME, limit=2, cursor=first.json()["next"])

    assert [item["version"] for item in first.json()["items"]] == [3, 2]
    assert ([item["version"] for item in second.json()["items"]], second.json()["next"]) == ([1], None)
    assert first.json()["items"][0] | {"created_at": "", "content_hash": ""} == {
        "prompt": NAME, "version": 3, "note": "Note 3", "author": "Dana", "labels": ["latest"], "content_hash": "",
        "created_at": "",
    }  # fmt: skip
    assert b"Secret" not in first.content


def test_one_version_is_shown_as_it_was_written(app, project, approver):
    rules = make_prompt(project, name="rules", type="text")
    labels.publish(prompt=rules, version=make_version(rules, text("Be kind.")), label="production", by=approver)
    answer = make_prompt(project, name="answer", type="text")
    make_version(answer, text("Hi {{name}}. @@@prompt:name=rules|label=production@@@", settings={"model": "m"}))

    value = app.get("prompt-versions/1", prompt="answer").json()

    assert value["text"] == "Hi {{name}}. @@@prompt:name=rules|label=production@@@"
    assert value["snippets"] == [{"name": "rules", "label": "production", "version": None}]
    assert (value["settings"], value["messages"]) == ({"model": "m"}, [])


def test_a_version_that_is_known_already_is_not_sent_again(app, prompt):
    make_version(prompt)
    etag = app.get("prompt-versions/1", prompt=NAME)["ETag"]

    again = app.get("prompt-versions/1", {"If-None-Match": etag}, prompt=NAME)

    assert (again.status_code, again.content) == (304, b"")


def test_drafts_are_never_shown(app, prompt, approver):
    make_version(prompt)
    draft = {"type": "chat", "messages": [{"role": "system", "content": "Half a thought"}]}
    drafts.autosave(prompt=prompt, content=draft, base_number=1, revision=0, by=approver)

    answers = [
        app.get("prompt-versions", prompt=NAME), app.get("prompt-versions/1", prompt=NAME),
        app.get("prompt-labels", prompt=NAME), app.get("prompt-label-moves", prompt=NAME),
    ]  # fmt: skip

    assert all(answer.status_code == 200 and b"Half a thought" not in answer.content for answer in answers)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("prompt-versions", {}, 422), ("prompt-versions", {"prompt": "unknown"}, 404),
        ("prompt-versions", {"prompt": NAME, "limit": 500}, 422), ("prompt-versions", {"prompt": "\x00"}, 422),
        ("prompt-versions/9", {"prompt": NAME}, 404), ("prompt-versions/0", {"prompt": NAME}, 422),
        (f"prompt-versions/{2**40}", {"prompt": NAME}, 422), ("prompt-labels/nowhere", {"prompt": NAME}, 404),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_a_problem_with_a_sentence(app, prompt, path, query, status):
    make_version(prompt)

    answer = app.get(path, **query)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["detail"]


def test_another_projects_prompt_does_not_exist(prompt):
    make_version(prompt)
    other = App(make_project())

    assert other.get("prompt-versions", prompt=NAME).status_code == 404
    assert other.ask("PUT", "prompt-labels/staging", {"version": 1}, prompt=NAME).status_code == 404
    assert other.ask("PUT", "prompt-archive", prompt=NAME).status_code == 404


# Labels


def test_labels_tell_where_they_point_and_which_are_protected(app, prompt, approver):
    version = make_version(prompt)
    for label in ("staging", "production"):
        labels.publish(prompt=prompt, version=version, label=label, by=approver)

    items = app.get("prompt-labels", prompt=NAME).json()["items"]

    assert [(item["label"], item["version"], item["is_protected"], item["updated_by"]) for item in items] == [
        ("production", 1, True, "Dana"), ("staging", 1, False, "Dana"),
    ]  # fmt: skip


def test_a_label_moves_and_moving_it_again_changes_nothing(app, prompt):
    make_version(prompt)
    moved = app.ask("PUT", "prompt-labels/staging", {"version": 1, "reason": "Tests passed"}, prompt=NAME)
    again = app.ask("PUT", "prompt-labels/staging", {"version": 1}, prompt=NAME)

    assert (moved.status_code, moved.json()["version"], moved["ETag"]) == (200, 1, '"v1"')
    assert again.status_code == 200
    moves = app.get("prompt-label-moves", prompt=NAME).json()["items"]
    assert [(move["label"], move["from_version"], move["to_version"], move["reason"]) for move in moves] == [
        ("staging", None, 1, "Tests passed")
    ]


def test_a_protected_label_is_moved_by_no_application(app, prompt):
    make_version(prompt)

    answer = app.ask("PUT", "prompt-labels/production", {"version": 1}, prompt=NAME)

    assert answer.status_code == 403
    assert "A person with the role" in answer.json()["detail"]
    assert not prompt.labels.exists()


def test_a_label_that_moved_meanwhile_is_not_moved_over(app, prompt):
    make_version(prompt)
    make_version(prompt)
    seen = app.ask("PUT", "prompt-labels/staging", {"version": 1}, prompt=NAME)["ETag"]
    app.ask("PUT", "prompt-labels/staging", {"version": 2}, prompt=NAME)

    late = app.ask("PUT", "prompt-labels/staging", {"version": 1}, {"If-Match": seen}, prompt=NAME)
    new = app.ask("PUT", "prompt-labels/staging", {"version": 1}, {"If-None-Match": "*"}, prompt=NAME)
    odd = app.ask("PUT", "prompt-labels/staging", {"version": 1}, {"If-Match": '"something"'}, prompt=NAME)
    right = app.ask("PUT", "prompt-labels/staging", {"version": 1}, {"If-Match": '"v2"'}, prompt=NAME)

    assert [answer.status_code for answer in (late, new, odd, right)] == [412, 412, 412, 200]
    assert late.json()["current_version"] == 2


@pytest.mark.parametrize(
    ("label", "body", "status"),
    [
        ("staging", {}, 422), ("staging", {"version": "1"}, 422), ("staging", {"version": True}, 422),
        ("staging", {"version": 9}, 404), ("latest", {"version": 1}, 422), ("NO", {"version": 1}, 422),
        ("staging", {"version": 1, "reason": 5}, 422), ("staging", {"version": 1, "reason": "x" * 501}, 422),
    ],
)  # fmt: skip
def test_a_move_that_cannot_be_is_refused(app, prompt, label, body, status):
    make_version(prompt)

    answer = app.ask("PUT", f"prompt-labels/{label}", body, prompt=NAME)

    assert (answer.status_code, prompt.labels.count()) == (status, 0)


def test_an_emergency_is_undone_even_in_production(app, prompt, approver):
    for version in (make_version(prompt), make_version(prompt)):
        labels.publish(prompt=prompt, version=version, label="production", by=approver)

    back = app.ask("POST", "prompt-labels/production/undo", prompt=NAME)
    again = app.ask("POST", "prompt-labels/production/undo", prompt=NAME)

    assert (back.status_code, back.json()["version"]) == (200, 1)
    assert again.status_code == 409


def test_the_history_of_one_label_comes_in_pages(app, prompt):
    for number in range(1, 4):
        make_version(prompt)
        app.ask("PUT", "prompt-labels/staging", {"version": number}, prompt=NAME)
    app.ask("PUT", "prompt-labels/other", {"version": 3}, prompt=NAME)

    first = app.get("prompt-label-moves", prompt=NAME, label="staging", limit=2).json()
    second = app.get("prompt-label-moves", prompt=NAME, label="staging", cursor=first["next"]).json()

    assert [move["to_version"] for move in first["items"] + second["items"]] == [3, 2, 1]


# The archive


def test_a_prompt_goes_into_the_archive_and_comes_back(app, prompt):
    archived = app.ask("PUT", "prompt-archive", prompt=NAME)
    listed = app.get("prompt-archive").json()
    restored = app.ask("DELETE", "prompt-archive", prompt=NAME)

    assert archived.json()["archived_at"]
    assert ([item["name"] for item in listed["items"]], listed["next"]) == ([NAME], None)
    assert (restored.status_code, restored.json()["archived_at"]) == (200, None)
    assert app.get("prompt-archive").json()["items"] == []


def test_a_deleted_prompt_is_brought_back_by_people_only(app, prompt, approver):
    prompts.delete(prompt=prompt, by=approver)

    answer = app.ask("DELETE", "prompt-archive", prompt=NAME)

    assert answer.status_code == 403
    assert "A person with the role" in answer.json()["detail"]


def test_the_archive_comes_in_pages(app, project):
    for name in "abc":
        prompts.archive(prompt=make_prompt(project, name=name), by=None)

    first = app.get("prompt-archive", limit=2).json()
    second = app.get("prompt-archive", cursor=first["next"]).json()

    assert [item["name"] for item in first["items"] + second["items"]] == ["a", "b", "c"]


# Keys and the document


def test_reading_and_writing_need_their_permissions(project, prompt):
    make_version(prompt)
    reader, writer = App(project, Scope.API_READ), App(project, Scope.API_WRITE)

    assert reader.ask("PUT", "prompt-labels/staging", {"version": 1}, prompt=NAME).status_code == 403
    assert writer.get("prompt-versions", prompt=NAME).status_code == 403
    assert App(project, Scope.PROMPTS_READ).get("prompt-labels", prompt=NAME).status_code == 403


def test_every_example_of_the_document_is_one_that_its_schema_takes():
    shapes = [
        shape
        for shape in vars(prompt_schemas).values()
        if isinstance(shape, type) and issubclass(shape, prompt_schemas.Schema) and shape is not prompt_schemas.Schema
    ]

    assert len(shapes) >= 9
    for shape in shapes:
        for example in shape.model_config["json_schema_extra"]["examples"]:
            shape.model_validate(example)


def test_the_document_names_shapes_and_problems_of_the_operations():
    document = api.get_openapi_schema()

    move = document["paths"]["/api/v1/prompt-labels/{label}"]["put"]

    assert document["openapi"].startswith("3.1")
    assert move["requestBody"]["content"]["application/json"]["example"] == {"version": 7, "reason": "Passed the tests"}
    assert {"200", "403", "412"} <= {str(status) for status in move["responses"]}
