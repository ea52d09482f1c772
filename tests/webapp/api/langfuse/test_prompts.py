"""Prompts, as Langfuse's SDKs fetch and save them."""

from __future__ import annotations

from urllib.parse import quote

import orjson
import pytest

from projects.models import AuditEvent, User
from projects.roles import Role, Scope
from prompt_registry import contents, labels, prompts, resolution, versions
from prompt_registry.models import Prompt, PromptVersion
from prompt_registry.resolution import Answer
from tests.projects.factories import make_member, make_project
from webapp.api.langfuse import prompt_bodies

CHAT = [{"role": "system", "content": "Be kind to {{name}}."}, {"type": "placeholder", "name": "history"}]


@pytest.fixture
def approver(project) -> User:
    return make_member(project=project, role=Role.APPROVER)


def save(project, name: str, text: str, *, by: User, label: str = "production") -> PromptVersion:
    prompt = Prompt.objects.filter(project=project, name=name).first()
    prompt = prompt or prompts.create(project=project, name=name, type="text", by=by)
    version = versions.save(prompt=prompt, content=contents.parse({"type": "text", "text": text}), by=by)
    if label:
        labels.publish(prompt=prompt, version=version, label=label, by=by)
    return version


def create(app, **fields):
    return app.post("/v2/prompts", {"name": "answer", "type": "text", "prompt": "Hi {{name}}"} | fields)


# Fetching


def test_a_prompt_is_fetched_in_the_shape_of_langfuse(app, project, approver):
    save(project, "support/greeting", "Hello {{name}}!", by=approver)

    found = app.get("/v2/prompts/support%2Fgreeting").json()

    assert {key: found[key] for key in ("name", "version", "type", "prompt", "config", "labels", "tags")} == {
        "name": "support/greeting", "version": 1, "type": "text", "prompt": "Hello {{name}}!", "config": {},
        "labels": ["production", "latest"], "tags": [],
    }  # fmt: skip
    assert (found["commitMessage"], found["resolutionGraph"]) == (None, None)


def test_slashes_in_a_name_may_be_encoded_or_not(app, project, approver):
    save(project, "a/b c", "x", by=approver)

    assert app.get(f"/v2/prompts/{quote('a/b c', safe='')}").json() == app.get("/v2/prompts/a/b%20c").json()


def test_version_and_label_choose_and_exclude_each_other(app, project, approver):
    save(project, "greeting", "one", by=approver)
    save(project, "greeting", "two", by=approver, label="")

    assert app.get("/v2/prompts/greeting").json()["prompt"] == "one"
    assert app.get("/v2/prompts/greeting?version=2").json()["prompt"] == "two"
    assert app.get("/v2/prompts/greeting?label=latest").json()["prompt"] == "two"
    assert app.get("/v2/prompts/greeting?label=latest&version=2").status_code == 400


def test_a_version_that_looks_like_a_label_is_never_mistaken_for_one(app, project, approver):
    save(project, "greeting", "one", by=approver)

    assert app.get("/v2/prompts/greeting?label=1").status_code == 404
    assert app.get("/v2/prompts/greeting?version=one").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "nowhere",
        "greeting?label=staging",
        "greeting?version=9",
        "greeting?version=0",
        "greeting?version=99999999999999999999",
    ],
)
def test_what_does_not_exist_is_a_404_that_the_sdk_can_read(app, project, approver, path):
    save(project, "greeting", "one", by=approver)

    answer = app.get(f"/v2/prompts/{path}")

    assert answer.status_code == 404
    assert answer.json()["message"]


def test_a_deleted_prompt_is_gone_for_the_sdk_too(app, project, approver):
    prompts.delete(prompt=save(project, "greeting", "one", by=approver).prompt, by=approver)

    assert app.get("/v2/prompts/greeting").status_code == 404


def test_a_prompt_of_another_project_does_not_exist(app):
    foreign = make_project()
    save(foreign, "theirs", "x", by=make_member(project=foreign, role=Role.APPROVER))

    assert app.get("/v2/prompts/theirs").status_code == 404
    assert app.get("/v2/prompts").json()["data"] == []
    assert app.send("PATCH", "/v2/prompts/theirs/versions/1", {"newLabels": ["mine"]}).status_code == 404


def test_a_client_that_knows_nothing_of_rollouts_gets_the_version_of_the_label(app, project, approver):
    """There are no rollouts yet; when an answer carries one, its control arm stands at the top, and nothing else is read."""
    save(project, "greeting", "control", by=approver)
    answer = resolution.by_label(project_id=project.pk, name="greeting", label="production")
    assert isinstance(answer, Answer)
    candidate = {"version": 2, "text": "candidate"}
    item = orjson.loads(answer.body) | {"rollout": {"id": "r", "share_ppm": 1_000_000, "candidate": candidate}}

    body = prompt_bodies.body_of(item, project="shop", tags=[])

    assert (body["prompt"], body["version"]) == ("control", 1)
    assert "candidate" not in orjson.dumps(body).decode()
    assert app.get("/v2/prompts/greeting").json()["prompt"] == "control"


def test_prompts_inside_a_prompt_are_filled_in_unless_the_raw_text_is_wanted(app, project, approver):
    save(project, "rules", "Be kind.", by=approver)
    save(project, "greeting", "@@@langfusePrompt:name=rules|version=1@@@ Hello!", by=approver)

    filled = app.get("/v2/prompts/greeting").json()
    raw = app.get("/v2/prompts/greeting?resolve=false").json()

    assert filled["prompt"] == "Be kind. Hello!"
    assert filled["resolutionGraph"]["root"]["name"] == "greeting"
    assert raw["prompt"].startswith("@@@langfusePrompt:")


def test_prompts_inside_the_messages_of_a_chat_are_filled_in(app, project, approver):
    save(project, "rules", "Be kind.", by=approver)
    text = "@@@langfusePrompt:name=rules|label=production@@@"
    create(app, type="chat", prompt=[{"role": "system", "content": text}, CHAT[1]])

    assert app.get("/v2/prompts/answer?label=latest").json()["prompt"] == [
        {"role": "system", "content": "Be kind."}, CHAT[1],
    ]  # fmt: skip


def test_our_own_tags_and_langfuses_are_filled_in_alike(app, project, approver):
    save(project, "rules", "Be kind.", by=approver)
    save(project, "greeting", "@@@prompt:name=rules|label=production@@@ Hello!", by=approver)

    body = app.get("/v2/prompts/greeting").json()

    assert body["prompt"] == "Be kind. Hello!"
    assert body["resolutionGraph"] == {
        "root": {"id": "greeting:1", "name": "greeting", "version": 1},
        "dependencies": {"greeting:1": [{"id": "rules:1", "name": "rules", "version": 1}]},
    }


def test_a_missing_snippet_leaves_a_mark_and_the_application_goes_on(app):
    create(app, name="greeting", prompt="@@@langfusePrompt:name=rules|version=1@@@ Hello!")

    answer = app.get("/v2/prompts/greeting?label=latest")

    assert (answer.status_code, answer.json()["prompt"]) == (200, "[The snippet «rules» is missing here.] Hello!")


def test_a_client_is_told_when_a_prompt_would_stand_inside_itself(app):
    create(app, name="greeting", prompt="Hello!", labels=["staging"])

    answer = app.post(
        "/v2/prompts",
        {"name": "greeting", "type": "text", "prompt": "@@@langfusePrompt:name=greeting|label=staging@@@"},
    )

    assert (answer.status_code, "inside itself" in answer.json()["message"]) == (400, True)


def test_a_prompt_whose_name_ends_like_the_address_of_a_version_is_found(app, project, approver):
    save(project, "a/versions/3", "odd", by=approver)

    assert app.get("/v2/prompts/a%2Fversions%2F3").json()["prompt"] == "odd"


# Saving


def test_saving_makes_the_next_version_and_it_is_the_latest(app):
    first = create(app)
    second = create(app, prompt="Hello {{name}}", commitMessage="warmer")

    assert (first.status_code, first.json()["version"], first.json()["labels"]) == (201, 1, ["latest"])
    assert (second.json()["version"], second.json()["labels"], second.json()["commitMessage"]) == (
        2,
        ["latest"],
        "warmer",
    )
    assert app.get("/v2/prompts/answer?version=1").json()["labels"] == []


def test_the_same_content_again_is_the_same_version(app):
    create(app)

    assert create(app).json()["version"] == 1


def test_a_chat_keeps_its_messages_and_placeholders(app):
    create(app, type="chat", prompt=[{"type": "chatmessage"} | CHAT[0], CHAT[1]])

    assert app.get("/v2/prompts/answer?label=latest").json()["prompt"] == CHAT


def test_a_config_comes_back_whole(app):
    config = {"model": "gpt-4o-mini", "temperature": 0.2, "languages": ["en"], "nested": {"a": None}}

    create(app, config=config)

    assert app.get("/v2/prompts/answer?label=latest").json()["config"] == config


def test_tags_belong_to_all_versions_and_stay_when_none_are_sent(app):
    create(app, tags=["mail", "vip"])
    create(app, prompt="Hello {{name}}")

    assert app.get("/v2/prompts/answer?version=1").json()["tags"] == ["mail", "vip"]
    assert create(app, prompt="Hey {{name}}", tags=[]).json()["tags"] == []


def test_a_label_points_to_one_version(app):
    create(app, labels=["staging"])
    create(app, prompt="Hello {{name}}", labels=["staging", "tested"])

    assert app.get("/v2/prompts/answer?version=1").json()["labels"] == []
    assert app.get("/v2/prompts/answer?label=staging").json()["labels"] == ["staging", "tested", "latest"]


def test_a_protected_label_is_refused_and_nothing_is_saved(app):
    answer = create(app, labels=["staging", "production"], tags=["mail"])

    assert answer.status_code == 403
    assert "Approver" in answer.json()["message"]
    assert not Prompt.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""}, {"name": "a|b"}, {"name": "new"}, {"name": "x" * 256}, {"name": 7}, {"type": "image"},
        {"prompt": ["Hi"], "type": "text"}, {"prompt": "Hi", "type": "chat"}, {"prompt": ""}, {"prompt": None},
        {"labels": ["latest"]}, {"labels": ["Big"]}, {"labels": ["x" * 37]}, {"labels": ["1"]}, {"labels": "staging"},
        {"config": [1]}, {"commitMessage": "x" * 501}, {"tags": ["x" * 61]}, {"tags": [""]}, {"tags": [7]},
        {"type": "chat", "prompt": [{"role": "narrator", "content": "Hi"}]}, {"type": "chat", "prompt": [7]},
        {"type": "chat", "prompt": [{"role": "user", "content": "{{history}}"}, CHAT[1]]},
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused_in_words_and_nothing_is_saved(app, fields):
    answer = create(app, **fields)

    assert answer.status_code == 400
    assert answer.json()["message"]
    assert not Prompt.objects.exists()


def test_a_prompt_stays_what_it_was_made_as(app):
    create(app)

    answer = create(app, type="chat", prompt=CHAT)

    assert (answer.status_code, "a text or a chat" in answer.json()["message"]) == (400, True)


def test_a_prompt_in_the_archive_is_not_changed(app, approver):
    create(app)
    prompts.archive(prompt=Prompt.objects.get(), by=approver)

    assert create(app, prompt="Hello {{name}}").status_code == 409


# Labels


def test_labels_move_to_the_version_that_is_named(app):
    create(app, labels=["staging"])
    create(app, prompt="Hello {{name}}")

    answer = app.send("PATCH", "/v2/prompts/answer/versions/2", {"newLabels": ["staging", "tested"]})

    assert (answer.status_code, answer.json()["labels"]) == (200, ["staging", "tested", "latest"])
    assert app.get("/v2/prompts/answer?label=staging").json()["version"] == 2
    assert app.send("PATCH", "/v2/prompts/answer/versions/2", {"newLabels": ["staging"]}).status_code == 200


def test_a_protected_label_moves_for_no_application_and_takes_the_others_back(app):
    create(app)

    answer = app.send("PATCH", "/v2/prompts/answer/versions/1", {"newLabels": ["staging", "production"]})

    assert answer.status_code == 403
    assert app.get("/v2/prompts/answer?label=staging").status_code == 404
    assert not AuditEvent.objects.filter(action="prompt.published").exists()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("answer/versions/1", {"newLabels": ["latest"]}, 400),
        ("answer/versions/1", {"newLabels": ["BIG"]}, 400),
        ("answer/versions/1", {}, 400),
        ("answer/versions/1", {"newLabels": "a"}, 400),
        ("answer/versions/9", {"newLabels": ["a"]}, 404),
        ("answer/versions/99999999999999999999", {"newLabels": ["a"]}, 404),
        ("nowhere/versions/1", {"newLabels": ["a"]}, 404),
    ],
)
def test_labels_that_cannot_move_are_refused(app, path, body, status):
    create(app)

    assert app.send("PATCH", f"/v2/prompts/{path}", body).status_code == status


# The list


def test_the_list_shows_versions_labels_and_tags(app):
    create(app, config={"model": "gpt-4o-mini"}, labels=["staging"], tags=["mail"])
    create(app, prompt="Hello {{name}}", config={"a": 1})

    (row,) = app.get("/v2/prompts").json()["data"]

    assert {key: row[key] for key in ("name", "type", "versions", "labels", "tags", "lastConfig")} == {
        "name": "answer", "type": "text", "versions": [1, 2], "labels": ["staging", "latest"], "tags": ["mail"],
        "lastConfig": {"a": 1},
    }  # fmt: skip


def test_the_list_is_filtered(app):
    create(app, labels=["staging"], tags=["mail"])
    create(app, name="other")

    def names(query: str) -> list[str]:
        return [row["name"] for row in app.get(f"/v2/prompts?{query}").json()["data"]]

    assert names("name=other") == ["other"]
    assert names("label=staging") == names("tag=mail") == ["answer"]
    assert names("label=latest") == names("fromUpdatedAt=2020-01-01T00:00:00Z") == ["answer", "other"]
    assert names("fromUpdatedAt=2199-01-01T00:00:00Z") == names("toUpdatedAt=2020-01-01") == []


def test_the_list_comes_in_pages(app):
    for number in range(3):
        create(app, name=f"p{number}")

    answer = app.get("/v2/prompts?page=2&limit=2").json()

    assert [row["name"] for row in answer["data"]] == ["p2"]
    assert answer["meta"] == {"page": 2, "limit": 2, "totalItems": 3, "totalPages": 2}
    assert app.get("/v2/prompts?page=9").json()["data"] == []


@pytest.mark.parametrize("query", ["page=0", "limit=0", "limit=101", "page=x", "fromUpdatedAt=soon", "name=%00"])
def test_a_list_that_cannot_be_is_refused(app, query):
    assert app.get(f"/v2/prompts?{query}").status_code == 400


# Permissions


def test_reading_and_saving_need_their_permissions(make_app):
    reader, writer = make_app(Scope.PROMPTS_READ), make_app(Scope.API_WRITE)

    assert create(reader).status_code == 403
    assert create(writer).status_code == 201
    assert writer.get("/v2/prompts/answer?label=latest").status_code == 403
    assert reader.get("/v2/prompts/answer?label=latest").status_code == 200
    assert reader.send("PATCH", "/v2/prompts/answer/versions/1", {"newLabels": ["a"]}).status_code == 403


def test_a_refused_protected_label_says_how_to_ask_in_langfuses_shape(app, project, approver):
    save(project, "answer", "one", by=approver)
    project.protected_labels = ["production", "eu"]
    project.save(update_fields=["protected_labels"])
    save(project, "answer", "two", by=approver, label="")

    created = create(app, prompt="three", labels=["production"])
    moved = app.send("PATCH", "/v2/prompts/answer/versions/2", {"newLabels": ["eu"]})

    for answer in (created, moved):
        assert answer.status_code == 403
        assert "POST /api/v1/change-requests" in answer.json()["message"]
        assert answer.json()["error"] == "ApiError"
    assert app.get("/v2/prompts/answer").json()["prompt"] == "one"
    assert Prompt.objects.get(name="answer").versions.count() == 2
