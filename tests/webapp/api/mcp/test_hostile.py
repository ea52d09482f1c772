"""Whatever is sent to the tools and prompts, the answer is JSON-RPC, never our own mistake, and nothing goes live."""

from __future__ import annotations

import random
from typing import Any

import pytest

from projects.models import Project
from projects.roles import Role
from prompt_registry import labels, resolution
from prompt_registry.models import Label
from tests.evals.factories import make_dataset
from tests.monitoring.factories import make_trace
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version, text
from tests.webapp.api.mcp.factories import key_of, legacy
from tests.webapp.hostile_texts import EVERY
from webapp.api import rate_limits
from webapp.api.mcp.tools import TOOLS

pytestmark = pytest.mark.django_db
ODD = [
    *EVERY, None, True, False, 0, -1, 2**31, 2**63 - 1, -(2**63), 1e308, 0.1, "", " ", "\u0000", "%00", "../..", "{{a}}",
    "x" * 5_000, [], {}, [[]], [None], {"": ""}, {"role": "user", "content": "Hi"}, {"$ref": "#"}, {"__class__": "x"},
    "production", "latest", "@@@prompt:support/answer@@@", "2026-11-29T00:00:00", "9999-12-31T23:59:59Z", "a" * 32, "1-" + "a" * 32,
]  # fmt: skip


@pytest.fixture
def project() -> Project:
    rate_limits.forget()
    project = make_project()
    prompt = make_prompt(project, name="support/answer", type="text")
    version = make_version(prompt, text("Answer {{question}}."))
    labels.publish(prompt=prompt, version=version, label="production", by=make_member(project, Role.APPROVER))
    make_dataset(project, name="refunds")
    make_trace(project, asked="Hi")
    resolution.forget()
    return project


def odd_values(names: list[str], chance: random.Random) -> dict[str, Any]:
    """Return some of the arguments with values that nobody sends, and one that is right beside them."""
    right: dict[str, Any] = {
        "prompt": "support/answer", "dataset": "refunds", "version": 1, "number": 1, "experiment": 1, "limit": 5,
        "trace_id": "0" * 32, "text": "Say {{x}}", "items": [{"input": "x"}], "messages": [],
    }  # fmt: skip
    found = {name: right[name] for name in names if name in right}
    for name in chance.sample(names, k=min(len(names), chance.randint(1, 3))):
        found[name] = chance.choice(ODD)
        if chance.random() < 0.3:
            found[name] = chance.choice(
                [[found[name]], {"a": found[name]}, {"input": found[name], "tags": found[name]}]
            )
    return found


@pytest.mark.parametrize("name", TOOLS)
def test_odd_arguments_are_answered(project, name):
    key, chance = key_of(project, by=make_member(project, Role.APPROVER)), random.Random(name)
    names = list(TOOLS[name].arguments.model_fields)
    answers = []

    for _ in range(50):
        arguments = odd_values(names, chance)
        answer = legacy(key, "tools/call", name=name, arguments=arguments)
        answers.append(answer.json())
        assert answer.status_code == 200, arguments
        assert answer.json().keys() == {"jsonrpc", "id", "result"}, arguments
        assert answer.json()["result"]["content"][0]["text"], arguments

    assert any(answer["result"]["isError"] for answer in answers)
    assert [(label.name, label.version.number) for label in Label.objects.select_related("version")] == [
        ("production", 1)
    ]


@pytest.mark.parametrize("method", ["prompts/list", "prompts/get", "tools/list", "tools/call", "initialize", "nothing"])
def test_odd_parameters_are_answered(project, method):
    key, chance = key_of(project), random.Random(method)
    names = ["name", "arguments", "cursor", "_meta", "protocolVersion", "capabilities"]

    for _ in range(60):
        params = {name: chance.choice(ODD) for name in chance.sample(names, k=2)}
        answer = legacy(key, method, **params)
        assert answer.status_code in (200, 400), params
        assert answer.json()["jsonrpc"] == "2.0"
        assert ("result" in answer.json()) != ("error" in answer.json())
