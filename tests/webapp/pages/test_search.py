"""What the palette finds while somebody types."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from django.test import Client

from evals import datasets
from monitoring.ingest.rows import Sender
from monitoring.ingest.store import store
from projects.models import Project, User
from prompt_registry import prompts
from tests.monitoring.ingest.spans import llm_attributes, raw_span
from tests.projects.factories import make_project, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user()


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(name="Nordwind", by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


def found(browser: Client, project: Project, words: str) -> str:
    return browser.get(f"/p/{project.slug}/search/", {"q": words}).content.decode()


def test_a_prompt_is_found_by_a_part_of_its_name(browser: Client, project: Project, admin: User) -> None:
    prompt = prompts.create(project=project, name="support/refund-answer", type="text", by=admin)

    assert f"/p/{project.slug}/prompts/{prompt.pk}/" in found(browser, project, "refund")


def test_a_dataset_is_found_by_a_part_of_its_name(browser: Client, project: Project, admin: User) -> None:
    dataset = datasets.create(project=project, name="support/disliked", by=admin)

    assert f"/p/{project.slug}/datasets/{dataset.pk}/" in found(browser, project, "dislik")


def test_a_trace_is_found_by_what_the_user_asked(browser: Client, project: Project) -> None:
    span = raw_span(trace_id=os.urandom(16), attributes=llm_attributes())
    store([span], Sender(project_id=project.pk, environment="", received_at=datetime.now(UTC)))

    assert span.trace_id.hex() in found(browser, project, "money")


def test_a_hostile_name_is_shown_as_text(browser: Client, project: Project, admin: User) -> None:
    prompts.create(project=project, name="<script>alert(1)</script>", type="text", by=admin)

    assert "<script>" not in found(browser, project, "script")


@pytest.mark.parametrize("words", ["", "x", "\x00\x00\x00", "%%%", "a" * 5000, "'; DROP TABLE span; --"])
def test_nonsense_finds_nothing_and_breaks_nothing(browser: Client, project: Project, words: str) -> None:
    assert found(browser, project, words).strip() == ""


def test_another_projects_prompts_stay_unseen(browser: Client, project: Project) -> None:
    stranger = make_user()
    other = make_project(name="Other", by=stranger)
    prompts.create(project=other, name="secret-plan", type="text", by=stranger)

    assert "secret-plan" not in found(browser, project, "secret")
