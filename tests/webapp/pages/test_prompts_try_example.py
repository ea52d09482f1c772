"""Trying the real example that is shown with the draft as it stands, without leaving the editor."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import connections
from prompt_registry.models import Draft, Prompt, ProviderConnection
from prompt_registry.trial_models import CellState, Trial
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project, make_user, signed_in
from tests.prompt_registry.factories import chat, make_prompt, make_version

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    prompt = make_prompt(project, name="support/answer")
    make_version(prompt, chat(("user", "{{question}}")))
    return prompt


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def simulated(project: Project, admin: User) -> ProviderConnection:
    return connections.add_simulated(project=project, by=admin)


@pytest.fixture
def trace(project: Project, prompt: Prompt) -> str:
    attributes = {"gen_ai.prompt.variable.question": "Where is it?"}
    return make_trace(project, prompt="support/answer", version=1, attributes=attributes, asked="?", answered="There.")


def url(prompt: Prompt, route: str = "prompt-try-example") -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk])


def form(*texts: str, **more: object) -> dict[str, object]:
    texts = texts or ("Kindly: {{question}}",)
    return {"role": ["user"] * len(texts), "content": list(texts), "base": 1, "revision": 0} | more


def test_the_panel_offers_it_with_its_price(browser, prompt, trace, simulated):
    page = browser.get(url(prompt, "prompt")).text

    assert "Try this one with my draft" in page
    assert "at no cost (simulated)" in page


def test_the_call_is_asked_with_what_stands_in_the_form(browser, prompt, trace, simulated):
    answer = browser.post(url(prompt), form(example=trace), headers=PART)

    trial = Trial.objects.get()
    assert answer.status_code == 200
    assert [given["values"] for given in trial.inputs] == [{"question": "Where is it?"}]
    assert trial.variants[0]["content"]["messages"] == [{"role": "user", "content": "Kindly: {{question}}"}]
    assert trial.cells.get().state == CellState.READY
    assert f'id="cell-{trial.cells.get().pk}"' in answer.text
    assert "?in=page&amp;have=" in answer.text
    assert reverse("trial", args=[prompt.project.slug, prompt.pk, trial.pk]) in answer.text


def test_the_part_has_no_form_inside_that_of_the_editor(browser, prompt, trace, simulated):
    part = browser.post(url(prompt), form(example=trace), headers=PART).text
    Trial.objects.get().cells.update(state=CellState.DONE, text="Here.", revision=9)
    news = browser.get(
        reverse("trial-news", args=[prompt.project.slug, prompt.pk, Trial.objects.get().pk]) + "?in=page"
    )

    assert "<form" not in part + news.text
    assert "Here." in news.text


def test_nothing_is_saved_by_it(browser, prompt, trace, simulated):
    browser.post(url(prompt), form(example=trace), headers=PART)

    assert not Draft.objects.exists()
    assert prompt.versions.count() == 1


def test_without_calls_the_samples_are_tried(browser, prompt, simulated):
    values = {
        "blank-name": ["question"],
        "blank-sample": ["When?"],
        "blank-description": [""],
        "blank-required": ["question"],
    }

    page = browser.get(url(prompt, "prompt")).text
    browser.post(url(prompt), form(**values), headers=PART)

    assert "Try the samples with my draft" in page
    assert Trial.objects.get().inputs[0]["values"] == {"question": "When?"}


def test_a_blank_that_the_call_lacks_is_said_and_nothing_is_asked(browser, prompt, trace, simulated):
    answer = browser.post(url(prompt), form("{{question}} {{order}}", example=trace), headers=PART)

    assert "Blank «order» has no value" in answer.text
    assert Trial.objects.get().cells.get().state == CellState.FAILED


def test_a_draft_that_cannot_be_tried_says_why_where_the_answer_would_be(browser, prompt, trace, simulated):
    answer = browser.post(url(prompt), form("", example=trace), headers=PART)

    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert not Trial.objects.exists()


def test_without_script_it_leads_to_the_trial(browser, prompt, trace, simulated):
    answer = browser.post(url(prompt), form(example=trace))

    trial = Trial.objects.get()
    assert answer.headers["Location"] == reverse("trial", args=[prompt.project.slug, prompt.pk, trial.pk])


def test_the_button_works_without_script_too(browser, prompt, trace, simulated):
    answer = browser.post(url(prompt, "prompt"), form(do="try-example", example=trace))

    assert answer.headers["Location"] == url(prompt, "prompt-try")
    assert Draft.objects.get().content["messages"] == [{"role": "user", "content": "Kindly: {{question}}"}]


def test_without_a_provider_the_panel_says_so(browser, prompt, trace):
    page = browser.get(url(prompt, "prompt")).text

    assert "No model provider is connected" in page
    assert "Try this one with my draft" not in page


def test_a_viewer_tries_nothing(prompt, project, trace, simulated):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    assert viewer.post(url(prompt), form(example=trace)).status_code == 403


def test_another_example_takes_the_answer_of_the_one_before_away(browser, prompt, trace, simulated):
    preview = url(prompt, "prompt-preview")

    assert 'id="example-trial"' not in browser.post(preview, form(example=trace), headers=PART).text
    moved = browser.post(preview, form(example=trace, **{"example-step": "next"}), headers=PART).text
    assert '<div id="example-trial" hx-swap-oob="true"></div>' in moved
