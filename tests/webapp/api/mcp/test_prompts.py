"""Published prompts as an MCP client lists and gets them."""

from __future__ import annotations

from typing import Any

import pytest

from projects.models import Project
from projects.roles import Role
from prompt_registry import contents, labels, resolution
from prompt_registry.rollouts.plans import Step
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text
from tests.prompt_registry.rollouts.factories import make_live_prompt, make_plan, make_rollout
from tests.webapp.api.mcp.factories import key_of, legacy, modern
from webapp.api import rate_limits
from webapp.api.mcp.prompts import CONTEXT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget():
    resolution.forget()
    rate_limits.forget()


@pytest.fixture
def project() -> Project:
    return make_project()


def publish(project: Project, name: str, content: Any) -> None:
    prompt = make_prompt(project, name=name, type=content.type)
    version = make_version(prompt, content)
    labels.publish(prompt=prompt, version=version, label="production", by=make_member(project, Role.APPROVER))
    resolution.forget()


def get(project: Project, prompt: str, /, *, meta: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    answer: dict[str, Any] = modern(key_of(project), "prompts/get", name=prompt, meta=meta, arguments=arguments).json()
    return answer


def test_a_prompt_is_listed_with_its_blanks(project):
    blanks = [
        {"name": "question", "description": "What was asked.", "sample": "Where is it?"},
        {"name": "tone", "required": False, "kind": "choice", "choices": ["kind", "short"]},
    ]
    publish(project, "support/refund-answer", text("Answer {{question}} in a {{tone}} tone.", variables=blanks))

    [prompt] = modern(key_of(project), "prompts/list").json()["result"]["prompts"]

    assert (prompt["name"], prompt["title"]) == ("support/refund-answer", "Refund answer")
    assert prompt["description"] == "Answer {{question}} in a {{tone}} tone. (version 1)"
    assert prompt["arguments"] == [
        {"name": "question", "description": "What was asked. For example: Where is it?", "required": True},
        {"name": "tone", "description": "One of: kind, short.", "required": False},
    ]


def test_prompts_are_listed_page_by_page(project, monkeypatch):
    monkeypatch.setattr(resolution, "PAGE_BYTES", 1)
    for name in ("a", "b", "c"):
        publish(project, name, text(f"Say {name}."))
    key, found, cursor = key_of(project), [], {}

    for _ in range(3):
        result = modern(key, "prompts/list", **cursor).json()["result"]
        found += [prompt["name"] for prompt in result["prompts"]]
        cursor = {"cursor": result.get("nextCursor")}

    assert (found, cursor) == (["a", "b", "c"], {"cursor": None})


def test_only_what_is_live_in_this_project_is_listed(project):
    make_version(make_prompt(project, name="draft"))
    publish(make_project(), "only/theirs", text("Theirs."))

    assert modern(key_of(project), "prompts/list").json()["result"]["prompts"] == []


def test_a_prompt_is_got_with_its_blanks_filled_in(project):
    publish(project, "greet", chat(("system", "Be kind."), ("user", "I am {{name}}."), ("assistant", "Hello {{name}}")))

    answer = modern(key_of(project), "prompts/get", name="greet", arguments={"name": "{{name}} & <b>"}).json()["result"]

    texts = [(message["role"], message["content"]["text"]) for message in answer["messages"]]
    assert texts == [
        ("user", "Be kind."), ("user", "I am {{name}} & <b>."), ("assistant", "Hello {{name}} & <b>"),
    ]  # fmt: skip
    assert answer["_meta"]["callboard/roles"] == ["system", "user", "assistant"]
    assert (answer["_meta"]["callboard/version"], answer["_meta"]["callboard/label"]) == (1, "production")


def test_a_text_prompt_is_one_message_of_the_user(project):
    publish(project, "greet", text("Hello {{who}}"))

    answer = legacy(key_of(project), "prompts/get", name="greet", arguments={"who": "Anna"}).json()["result"]

    assert answer["messages"] == [{"role": "user", "content": {"type": "text", "text": "Hello Anna"}}]


def test_a_blank_that_must_be_filled_may_not_be_left_out(project):
    publish(project, "greet", text("{{who}} {{how}}", variables=[{"name": "how", "required": False}]))
    key = key_of(project)

    missing = modern(key, "prompts/get", name="greet").json()["error"]
    filled = modern(key, "prompts/get", name="greet", arguments={"who": "Anna"}).json()["result"]

    assert (missing["code"], missing["message"]) == (-32602, "These arguments are missing: who.")
    assert filled["messages"][0]["content"]["text"] == "Anna "


@pytest.mark.parametrize("arguments", [{"who": 5}, {"who": None}, {"who": ["a"]}, "who", ["who"]])
def test_arguments_are_texts(project, arguments):
    publish(project, "greet", text("{{who}}"))

    assert modern(key_of(project), "prompts/get", name="greet", arguments=arguments).json()["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]', [("user", "Hi"), ("assistant", "Yes?")]),
        ("Just a text", [("user", "Just a text")]),
        ("[1, 2]", [("user", "[1, 2]")]),
        ("", []),
    ],
)  # fmt: skip
def test_a_conversation_is_inserted(project, given, expected):
    publish(project, "talk", _with_history())

    result = get(project, "talk", history=given)["result"]

    texts = [(message["role"], message["content"]["text"]) for message in result["messages"]]
    assert texts == [("user", "Be kind."), *expected]


def test_a_rollout_is_not_taken_part_in_unless_it_is_said_for_whom(project):
    prompt = make_live_prompt(project=project, name="greet")
    rollout = make_rollout(prompt, plan=make_plan(steps=(Step(0.5),)))
    resolution.forget()

    nobody = [get(project, "greet", name="x")["result"]["_meta"] for _ in range(3)]
    people = [
        get(project, "greet", name="x", meta={CONTEXT: {"targetingKey": f"user-{n}"}})["result"]["_meta"]
        for n in range(20)
    ]

    assert {meta["callboard/version"] for meta in nobody} == {1}
    assert not any("callboard/arm" in meta for meta in nobody)
    assert {meta["callboard/version"] for meta in people} == {1, 2}
    for meta in people:
        assert meta["callboard/rollout_id"] == str(rollout.pk)
        assert meta["callboard/arm"] == ("candidate" if meta["callboard/version"] == 2 else "control")


@pytest.mark.parametrize("context", [5, [], "anna", {"targetingKey": {}}, None])
def test_an_odd_context_gets_what_was_live(project, context):
    make_rollout(make_live_prompt(project=project, name="greet"))
    resolution.forget()

    assert get(project, "greet", name="x", meta={CONTEXT: context})["result"]["_meta"]["callboard/version"] == 1


@pytest.mark.parametrize("name", ["nothing", "", "only/theirs", "x" * 250])
def test_a_prompt_that_does_not_exist_here_is_refused(project, name):
    publish(make_project(), "only/theirs", text("Theirs."))

    assert get(project, name)["error"]["code"] == -32602


def test_a_prompt_that_grows_beyond_all_bounds_is_refused(project):
    publish(project, "echo", text("{{word}} " * 200))

    assert get(project, "echo", word="x" * 30_000)["error"]["code"] == -32602


def _with_history() -> Any:
    messages = [{"role": "system", "content": "Be kind."}, {"type": "placeholder", "name": "history"}]
    return contents.parse({"type": "chat", "messages": messages})
