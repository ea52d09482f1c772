"""What OpenFeature clients are answered about prompts, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from callboard.contexts import AMBIENT
from callboard.contexts import Scope as Within
from callboard.prompt_store import PromptStore
from django.db import OperationalError, connection
from django.test import Client

from projects import keys
from projects.models import Project
from projects.roles import Role, Scope
from prompt_registry import labels, prompts, resolution
from prompt_registry.models import Prompt
from prompt_registry.rollouts.plans import Step
from prompt_registry.rollouts.targeting import Targeting
from tests.prompt_registry.factories import make_member, make_project, make_version, text
from tests.prompt_registry.rollouts.factories import make_live_prompt, make_plan, make_rollout
from webapp import disk
from webapp.api import rate_limits
from webapp.api.ofrep import urls as ofrep

pytestmark = pytest.mark.django_db
FLAGS = "/ofrep/v1/evaluate/flags"


@pytest.fixture(autouse=True)
def _forget():
    resolution.forget()
    rate_limits.forget()


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_live_prompt(project=project, name="support/answer")


def key_of(project: Project, *scopes: Scope, environment: str = "") -> dict[str, str]:
    wanted = scopes or (Scope.PROMPTS_READ,)
    _, plain = keys.create(project=project, name="app", scopes=wanted, environment=environment)
    return {"Authorization": f"Bearer {plain}"}


def evaluate(project: Project, key: str = "", *, headers: dict[str, str] | None = None, **context: Any):
    path = f"{FLAGS}/{key}" if key else FLAGS
    body = orjson.dumps({"context": context})
    return Client().post(path, body, content_type="application/json", headers=headers or key_of(project))


def half(prompt: Prompt, targeting: Targeting | None = None):
    plan = make_plan(steps=(Step(0.5),), targeting=targeting or Targeting())
    rollout = make_rollout(prompt, plan=plan)
    resolution.forget()
    return rollout


def test_a_prompt_without_a_rollout_is_static(project, prompt):
    answer = evaluate(project, "support/answer", targetingKey="anna")

    assert answer.status_code == 200
    assert answer.json() | {"metadata": None} == {
        "key": "support/answer", "value": {"prompt": "support/answer", "version": 1, "label": "production"},
        "variant": "published", "reason": "STATIC", "metadata": None,
    }  # fmt: skip


def test_a_unit_in_a_rollout_gets_its_arm_and_what_its_calls_have_to_carry(project, prompt):
    rollout = half(prompt)

    found = [evaluate(project, "support/answer", targetingKey=f"user-{n}").json() for n in range(20)]

    assert {answer["variant"] for answer in found} == {"candidate", "control"}
    assert {answer["reason"] for answer in found} == {"SPLIT"}
    for answer in found:
        assert answer["value"]["version"] == (2 if answer["variant"] == "candidate" else 1)
        assert answer["metadata"]["rollout_id"] == str(rollout.pk)
        assert answer["metadata"]["arm"] == answer["variant"]
        assert 0 <= answer["metadata"]["bucket"] < 2**48


def test_metadata_holds_primitive_values_only(project, prompt):
    half(prompt)

    for context in ({"targetingKey": "anna"}, {}):
        metadata = evaluate(project, "support/answer", **context).json()["metadata"]
        assert all(isinstance(value, str | int) for value in metadata.values())


def test_the_same_units_get_the_same_version_as_with_the_sdk(project, prompt):
    rollout = half(prompt, Targeting(("production",), {"plan": ("pro",)}, {"user-1": "candidate", "user-2": "control"}))
    headers = key_of(project)
    store = PromptStore(make_fetcher=None, environment="production")
    store.learn(Client().get("/api/v1/prompts/support/answer", headers=headers).json())

    for number in range(200):
        unit, plan = f"user-{number}", ("pro", "free")[number % 10 == 0]
        with Within(AMBIENT, replace(AMBIENT.get(), metadata={"plan": plan})):
            by_sdk = store.find(
                "support/answer", None, None, type=None, fallback=None, ttl=None, unit=unit, strict=False
            )
        answer = evaluate(
            project, "support/answer", headers=headers, targetingKey=unit, environment="production", plan=plan
        ).json()
        metadata = answer["metadata"]
        assert answer["value"]["version"] == by_sdk.version
        assert metadata.get("rollout_id") == by_sdk.rollout_id in (None, str(rollout.pk))
        assert (metadata.get("arm"), metadata.get("bucket")) == (by_sdk.arm, by_sdk.rollout_bucket)


def test_testers_match_a_target_and_who_is_outside_gets_the_default(project, prompt):
    half(prompt, Targeting(("production",), {}, {"anna": "candidate"}))

    tester = evaluate(project, "support/answer", targetingKey="anna").json()
    outside = evaluate(project, "support/answer", targetingKey="ben", environment="staging").json()

    assert (tester["reason"], tester["variant"], tester["value"]["version"]) == ("TARGETING_MATCH", "candidate", 2)
    assert (outside["reason"], outside["variant"], outside["value"]["version"]) == ("DEFAULT", "published", 1)
    assert "rollout_id" not in tester["metadata"] | outside["metadata"]


def test_a_key_that_belongs_to_an_environment_says_where_a_silent_context_is(project, prompt):
    half(prompt, Targeting(("production",)))
    bound = key_of(project, environment="production")

    assert evaluate(project, "support/answer", headers=bound, targetingKey="ben").json()["reason"] == "SPLIT"
    assert evaluate(project, "support/answer", targetingKey="ben").json()["reason"] == "DEFAULT"


@pytest.mark.parametrize(
    "context",
    [{}, {"targetingKey": None}, {"targetingKey": ""}, {"targetingKey": ["anna"]}, {"targetingKey": {"a": 1}},
     {"targetingKey": True}, {"targetingKey": 1.5}, {"environment": 7, "plan": [[[]]]}],
)  # fmt: skip
def test_nobody_goes_without_a_prompt_because_of_an_odd_context(project, prompt, context):
    half(prompt)

    answer = evaluate(project, "support/answer", **context)

    assert answer.status_code == 200
    assert (answer.json()["value"]["version"], answer.json()["reason"]) == (1, "DEFAULT")


def test_a_whole_number_is_a_unit_as_it_is_written(project, prompt):
    half(prompt)

    assert (
        evaluate(project, "support/answer", targetingKey=42).json()["metadata"]
        == (evaluate(project, "support/answer", targetingKey="42").json()["metadata"])
    )


def test_another_label_is_named_behind_an_at(project, prompt):
    labels.publish(
        prompt=prompt, version=prompt.versions.get(number=2), label="staging", by=make_member(project, Role.APPROVER)
    )

    answer = evaluate(project, "support/answer@staging").json()

    assert answer["key"] == "support/answer@staging"
    assert answer["value"] == {"prompt": "support/answer", "version": 2, "label": "staging"}


def test_a_name_with_an_at_in_it_is_found_by_its_whole_name(project):
    make_live_prompt(project=project, name="mail/a@b")

    assert evaluate(project, "mail/a@b").json()["value"]["prompt"] == "mail/a@b"


def test_a_slash_in_a_name_may_come_encoded(project, prompt):
    assert evaluate(project, "support%2Fanswer").json()["key"] == "support/answer"


@pytest.mark.parametrize("key", ["nothing", "support", "support/answer@nowhere", "x" * 400, "a%00b", "support/answer/"])
def test_what_does_not_exist_is_a_flag_not_found(project, prompt, key):
    answer = evaluate(project, key)

    assert answer.status_code == 404
    assert (answer.json()["errorCode"], bool(answer.json()["errorDetails"])) == ("FLAG_NOT_FOUND", True)


def test_a_deleted_prompt_is_a_flag_not_found(project, prompt):
    prompts.archive(prompt=prompt, by=make_member(project, Role.ADMIN))
    prompts.delete(prompt=prompt, by=make_member(project, Role.ADMIN))
    resolution.forget()

    assert evaluate(project, "support/answer").json()["errorCode"] == "FLAG_NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"", 400, "PARSE_ERROR"), (b"{", 400, "PARSE_ERROR"), (b"[]", 400, "PARSE_ERROR"), (b"\xff", 400, "PARSE_ERROR"),
     (b'{"context": 5}', 400, "INVALID_CONTEXT"), (b'{"context": []}', 400, "INVALID_CONTEXT"),
     (b'{"a": "' + b"x" * 70_000 + b'"}', 413, "GENERAL"), (b"{}", 200, None), (b'{"context": null}', 200, None)],
)  # fmt: skip
@pytest.mark.parametrize("path", ["", "/support/answer"], ids=["all", "one"])
def test_a_body_that_cannot_be_read_is_refused_in_the_words_of_the_protocol(project, prompt, body, status, code, path):
    answer = Client().post(f"{FLAGS}{path}", body, content_type="application/json", headers=key_of(project))

    assert (answer.status_code, answer.json().get("errorCode")) == (status, code)


def test_all_flags_are_those_that_are_live_in_production(project, prompt):
    make_live_prompt(project=project, name="a/second")
    unpublished = prompts.create(project=project, name="draft", type="text", by=None)
    make_version(unpublished, text("Later, {{name}}."))
    make_live_prompt(name="only/theirs")
    resolution.forget()

    answer = evaluate(project, targetingKey="anna")

    assert [flag["key"] for flag in answer.json()["flags"]] == ["a/second", "support/answer"]
    assert answer.json()["flags"][1] == evaluate(project, "support/answer", targetingKey="anna").json()


def test_all_flags_are_there_when_they_take_several_pages(project, monkeypatch):
    monkeypatch.setattr(resolution, "PAGE_BYTES", 1)
    for name in "abc":
        make_live_prompt(project=project, name=name)

    assert [flag["key"] for flag in evaluate(project).json()["flags"]] == ["a", "b", "c"]


def test_all_flags_are_not_sent_again_until_something_changes_for_this_unit(project, prompt):
    headers = key_of(project)
    first = evaluate(project, headers=headers, targetingKey="anna")

    same = evaluate(project, headers=headers | {"If-None-Match": first["ETag"]}, targetingKey="anna")
    half(prompt, Targeting(testers={"anna": "candidate"}))
    changed = evaluate(project, headers=headers | {"If-None-Match": first["ETag"]}, targetingKey="anna")

    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_keys_are_held_to_their_permission_and_project(project, prompt):
    other = make_project()

    missing = Client().post(f"{FLAGS}/support/answer", b"{}", content_type="application/json")
    assert (missing.status_code, missing["WWW-Authenticate"]) == (401, 'Bearer realm="callboard"')
    assert "Authorization: Bearer" in missing.json()["errorDetails"]
    everything_else = key_of(project, *(scope for scope in Scope if scope != Scope.PROMPTS_READ))
    assert evaluate(project, "support/answer", headers=everything_else).status_code == 403
    assert evaluate(other, "support/answer").status_code == 404
    assert evaluate(other).json() == {"flags": []}


def test_the_key_may_come_as_the_protocol_names_it(project, prompt):
    plain = key_of(project)["Authorization"].removeprefix("Bearer ")

    assert evaluate(project, "support/answer", headers={"X-API-Key": plain}).status_code == 200


def test_reading_with_get_is_refused(project, prompt):
    answer = Client().get(f"{FLAGS}/support/answer", headers=key_of(project))

    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_key_that_asks_without_end_is_told_to_come_back(project, prompt, monkeypatch):
    monkeypatch.setattr(ofrep, "PER_MINUTE", 3)
    headers = key_of(project)

    statuses = [evaluate(project, "support/answer", headers=headers).status_code for _ in range(4)]
    refused = evaluate(project, "support/answer", headers=headers)

    assert statuses == [200, 200, 200, 429]
    assert 0 < int(refused["Retry-After"]) <= 60
    assert evaluate(project, "support/answer").status_code == 200


def test_a_prompt_is_served_from_memory_while_the_database_is_away(project, prompt):
    headers = key_of(project)
    evaluate(project, "support/answer", headers=headers)

    with connection.execute_wrapper(_away):
        assert evaluate(project, "support/answer", headers=headers).status_code == 200
        unknown = evaluate(project, "unknown", headers=headers)

    assert unknown.status_code == 503
    assert "Retry-After" in unknown


def test_prompts_are_served_while_the_disk_is_full(project, prompt, monkeypatch):
    monkeypatch.setattr(type(disk.guard), "tier", disk.Tier.READ_ONLY)

    assert evaluate(project, "support/answer").status_code == 200


def test_the_use_of_a_key_is_noted(project, prompt):
    evaluate(project, "support/answer", headers=key_of(project) | {"User-Agent": "openfeature/1"})

    assert project.api_keys.filter(last_used_by="openfeature/1").exists()


def _away(execute, sql, params, many, context):
    raise OperationalError("away")
