"""The OpenFeature SDK with its OFREP provider takes part in a rollout, with no code of ours on its side."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from callboard.contexts import AMBIENT, Scope
from callboard.prompt_store import PromptStore
from django.conf import settings as django_settings
from django.test import Client
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from projects import keys
from projects.models import Project
from projects.roles import Scope as KeyScope
from prompt_registry import resolution
from prompt_registry.rollouts.plans import Step
from prompt_registry.rollouts.targeting import Targeting
from tests.prompt_registry.factories import make_project
from tests.prompt_registry.rollouts.factories import make_live_prompt, make_plan, make_rollout

# The server answers in threads of its own, so nothing can be rolled back; naming the apps lets TRUNCATE cascade.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=django_settings.INSTALLED_APPS)
NAME = "support/answer"
FALLBACK = {"prompt": NAME, "version": 0, "label": "production"}


@pytest.fixture
def project() -> Project:
    project = make_project()
    targeting = Targeting(("production",), {"plan": ("pro",)}, {"user-1": "candidate", "user-2": "control"})
    prompt = make_live_prompt(project=project, name=NAME)
    make_rollout(prompt, plan=make_plan(steps=(Step(0.5),), targeting=targeting))
    resolution.forget()
    return project


@pytest.fixture
def key(project: Project) -> str:
    return keys.create(project=project, name="app", scopes=[KeyScope.PROMPTS_READ])[1]


@pytest.fixture
def client(live_server, key):
    provider = OFREPProvider(live_server.url, headers_factory=lambda: {"Authorization": f"Bearer {key}"}, timeout=60)
    api.set_provider(provider)
    yield api.get_client()
    api.clear_providers()
    provider.session.close()


def detail(client: Any, flag: str = NAME, unit: str = "user-1", **attributes: Any) -> Any:
    return client.get_object_details(flag, FALLBACK, EvaluationContext(unit, attributes))


def test_it_gets_the_same_arms_as_the_sdk(client, key):
    store = PromptStore(make_fetcher=None, environment="production")
    answer = Client().get(f"/api/v1/prompts/{NAME}", headers={"Authorization": f"Bearer {key}"})
    store.learn(json.loads(answer.content))
    seen = set()

    for number in range(40):
        unit, plan = f"user-{number}", "free" if number % 7 == 0 else "pro"
        with Scope(AMBIENT, replace(AMBIENT.get(), metadata={"plan": plan})):
            by_sdk = store.find(NAME, None, None, type=None, fallback=None, ttl=None, unit=unit, strict=False)
        found = detail(client, unit=unit, environment="production", plan=plan)
        metadata = found.flag_metadata
        assert found.error_code is None
        assert (found.value["version"], metadata.get("rollout_id"), metadata.get("bucket")) == (
            by_sdk.version, by_sdk.rollout_id, by_sdk.rollout_bucket,
        )  # fmt: skip
        seen.add((found.reason, found.variant))

    assert seen >= {
        (Reason.SPLIT, "candidate"), (Reason.SPLIT, "control"), (Reason.TARGETING_MATCH, "candidate"),
        (Reason.TARGETING_MATCH, "control"), (Reason.DEFAULT, "published"),
    }  # fmt: skip


def test_it_falls_back_on_what_the_application_brought_when_there_is_no_such_prompt(client):
    found = detail(client, flag="unknown")

    assert (found.value, found.error_code) == (FALLBACK, ErrorCode.FLAG_NOT_FOUND)
