"""Real calls, then and now: on the page of a publish, with the price first and the answers of both versions beside that of then."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from projects import spending
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import connections, labels, trial_running
from prompt_registry.models import PRODUCTION, Prompt, ProviderConnection
from prompt_registry.providers import clients, event_loop
from prompt_registry.trial_models import CellState, Trial
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member, make_project, make_user, signed_in
from tests.prompt_registry.factories import make_prompt, make_version, text
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> {{question}} {% now %}"


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    """A prompt whose first version is live and whose second one is not."""
    prompt = make_prompt(project, name="support/answer", type="text")
    live = make_version(prompt, text("Answer {{question}}"))
    make_version(prompt, text("Answer kindly {{question}}"))
    labels.publish(prompt=prompt, version=live, label=PRODUCTION, by=admin)
    return prompt


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[FakeProvider]:
    monkeypatch.setattr("random.random", lambda: 0.0)
    with serving(FakeProvider(script=["stream"])) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()


@pytest.fixture
def connection(provider: FakeProvider, project: Project, admin: User) -> ProviderConnection:
    return connections.create(
        project=project, name="Our server", base_url=provider.url, api_key="sk-0123456789", default_model="gpt-5-mini", by=admin
    )  # fmt: skip


def page(prompt: Prompt, query: str = "?version=2&to=production", route: str = "prompt-publish") -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk]) + query


def call(project: Project, question: str, answer: str = "Two to four days.") -> str:
    attributes = {"gen_ai.prompt.variable.question": question}
    return make_trace(
        project, prompt="support/answer", version=1, attributes=attributes, asked="?", answered=answer
    )  # fmt: skip


def section(text: str) -> str:
    return re.search(r'<section class="card" id="then-and-now".*?</section>', text, re.S)[0]


def run_again(browser: Client, prompt: Prompt) -> Trial:
    answer = browser.post(page(prompt, route="prompt-recalls"))
    trial = Trial.objects.latest("pk")
    assert answer.headers["Location"] == f"{page(prompt)}&trial={trial.pk}#then-and-now"
    return trial


def test_the_price_is_shown_before_anything_is_run(browser, prompt, project, connection):
    for number in range(5):
        call(project, f"Question {number}")

    shown = section(browser.get(page(prompt)).text)

    assert "Run 3 calls" in shown
    assert re.search(r"about \$0\.\d+, at most \$0\.\d+", shown)
    assert "you can spend $5.00 of $5.00 today" in shown
    assert not Trial.objects.exists()


def test_disliked_calls_come_first_and_both_versions_are_asked(browser, prompt, project, connection):
    rate(project, call(project, "The bad one"))
    for number in range(4):
        call(project, f"Question {number}")

    trial = run_again(browser, prompt)

    asked = [given["values"]["question"] for given in trial.inputs]
    assert asked == ["The bad one", "Question 3", "Question 2"]
    assert [(variant["number"], variant["is_live"]) for variant in trial.variants] == [(1, True), (2, False)]
    assert trial.cells.filter(state=CellState.READY).count() == 6


def test_the_answer_of_then_stands_beside_those_of_now(browser, prompt, project, connection):
    call(project, "Where is it?", answer="In the drawer.")
    trial = run_again(browser, prompt)
    trial_running.run(keep_job=lambda: None, claim_seconds=30)

    shown = section(browser.get(page(prompt)).text)

    assert "In the drawer." in shown
    assert shown.count("Hello there.") == 2
    assert "v1 live, now" in shown
    assert "v2, now" in shown
    assert reverse("trial", args=[project.slug, prompt.pk, trial.pk]) in shown


def test_answers_are_followed_while_they_are_written(browser, prompt, project, connection):
    call(project, "Where is it?")
    trial = run_again(browser, prompt)

    shown = section(browser.get(page(prompt)).text)
    news = reverse("trial-news", args=[project.slug, prompt.pk, trial.pk])
    source = re.search(r'data-src="([^"]+)"', shown)[1].replace("&amp;", "&")
    trial_running.run(keep_job=lambda: None, claim_seconds=30)
    answer = browser.get(source).text

    assert source.startswith(f"{news}?in=page&have=")
    assert answer.count("Hello there.") == 2
    assert "Run all again" not in answer
    assert "answer-actions" not in answer


def test_somebody_else_sees_what_was_run(browser, prompt, project, connection):
    call(project, "Where is it?")
    run_again(browser, prompt)
    viewer = make_member(project=project, role=Role.VIEWER)

    shown = section(signed_in(viewer).get(page(prompt)).text)

    assert "Dana ran them" in shown
    assert "Run the newest calls" not in shown


def test_a_trial_of_other_versions_is_not_shown(browser, prompt, project, connection):
    call(project, "Where is it?")
    run_again(browser, prompt)
    make_version(prompt, text("Answer briefly {{question}}"))

    assert "Run 1 call" in section(browser.get(page(prompt, "?version=3")).text)


def test_a_viewer_runs_nothing(prompt, project, connection):
    call(project, "Where is it?")
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    assert viewer.post(page(prompt, route="prompt-recalls")).status_code == 403
    assert "needs the role Editor" in section(viewer.get(page(prompt)).text)
    assert not Trial.objects.exists()


def test_without_calls_it_says_what_will_be_possible(browser, prompt, connection):
    shown = section(browser.get(page(prompt)).text)

    assert "No application has called this prompt yet" in shown
    assert "<form" not in shown


def test_without_a_provider_it_says_why_not(browser, prompt, project):
    call(project, "Where is it?")

    shown = section(browser.get(page(prompt)).text)
    answer = browser.post(page(prompt, route="prompt-recalls"), follow=True)

    assert "No model provider is connected" in shown
    assert "No model provider is connected" in answer.text
    assert not Trial.objects.exists()


def test_the_first_version_has_nothing_to_compare_with(browser, project, connection):
    fresh = make_prompt(project, name="support/new", type="text")
    make_version(fresh, text("Answer {{question}}"))

    assert "then-and-now" not in browser.get(page(fresh, "?version=1")).text


def test_a_blank_that_calls_do_not_send_is_filled_with_its_sample(browser, prompt, project, connection):
    call(project, "Where is it?")
    make_version(
        prompt, text("{{tone}}: {{question}}", variables=[{"name": "tone", "sample": "kind", "required": True}])
    )

    browser.post(page(prompt, "?version=3", route="prompt-recalls"))

    assert Trial.objects.get().inputs[0]["values"] == {"tone": "kind", "question": "Where is it?"}


def test_limits_of_spending_hold(browser, prompt, project, connection, admin, provider):
    call(project, "Where is it?")
    spending.change_limits(project=project, project_nano_usd=0, person_nano_usd=0, by=admin)
    run_again(browser, prompt)

    trial_running.run(keep_job=lambda: None, claim_seconds=30)

    assert "limit of $0.00 a day" in section(browser.get(page(prompt)).text)
    assert provider.requests == []


def test_text_of_calls_and_models_is_only_text(browser, prompt, project, connection):
    call(project, HOSTILE, answer=HOSTILE)
    run_again(browser, prompt)
    Trial.objects.get().cells.update(state=CellState.DONE, text=HOSTILE)

    shown = section(browser.get(page(prompt)).text)

    assert "<script>alert" not in shown
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt; {{question}} {% now %}") == 4


def test_a_version_that_is_live_already_is_compared_with_nothing(prompt, project, browser):
    call(project, "Where is my refund?")

    answer = browser.post(page(prompt, "?version=1&to=production", "prompt-recalls"), follow=True)

    assert "v1 is live in production already" in answer.text
    assert not Trial.objects.exists()
