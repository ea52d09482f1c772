"""The page on which a rollout is started: the plan, what may be wished of it, and who may start it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import User
from projects.roles import Role
from prompt_registry import labels
from prompt_registry.models import Prompt, Rollout
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.guardrails import DEAR
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.prompt_registry.factories import make_member, make_prompt, make_version, text
from tests.prompt_registry.rollouts.factories import make_approver, make_live_prompt, make_rollout

pytestmark = pytest.mark.django_db


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _start_page(prompt: Any) -> str:
    return reverse("rollout-start", args=[prompt.project.slug, prompt.pk]) + "?version=2&to=production"


def test_a_plan_can_be_looked_at_changed_and_started():
    prompt = make_live_prompt()
    client = _client(make_member(prompt.project, Role.APPROVER))

    assert "Roll out v2 in production" in client.get(_start_page(prompt)).content.decode()
    looked = client.post(_start_page(prompt), {"do": "look", "shares": "10, 50", "hours": "3", "caution": "fast"})
    assert [row["share"] for row in looked.context["steps"]] == [0.1, 0.5]
    assert not Rollout.objects.exists()
    client.post(
        _start_page(prompt),
        {"do": "start", "shares": "10, 50", "hours": "3", "caution": "fast", "expected": "1", "asks": "1"},
    )

    rollout = Rollout.objects.get()
    plan = changes.plan_of(rollout)
    assert [(step.share, step.at_least, step.asks_first) for step in plan.steps] == [
        (0.1, 10800, False),
        (0.5, 86400, True),
    ]
    assert (plan.caution, rollout.share_ppm) == ("fast", 100_000)


def test_each_share_may_have_its_own_time_and_some_may_ask_first():
    prompt = make_live_prompt()
    form = {"do": "start", "shares": "5, 25, 50", "hours": "1, 2.5, 30", "asks_before": "25, 100", "expected": "1"}

    _client(make_member(prompt.project, Role.APPROVER)).post(_start_page(prompt), form)

    plan = changes.plan_of(Rollout.objects.get())
    assert [step.at_least for step in plan.steps] == [3_600, 9_000, 108_000]
    assert [step.asks_first for step in plan.steps] == [False, True, False]
    assert plan.asks_at_end


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hours", "1, 2"),
        ("hours", "0"),
        ("hours", "soon"),
        ("asks_before", "30"),
        ("asks_before", "x"),
        ("asks_before", "5"),
    ],
)
def test_times_and_questions_that_make_no_sense_are_refused(field: str, value: str):
    prompt = make_live_prompt()
    form = {"do": "start", "shares": "5, 25, 50", "hours": "2", "expected": "1", field: value}

    answer = _client(make_member(prompt.project, Role.APPROVER)).post(_start_page(prompt), form)

    assert answer.status_code == 422
    assert not Rollout.objects.exists()


@pytest.mark.parametrize("shares", ["", "abc", "0", "100", "5, 1", "5, 5", "nan", "1e9", "1,2,3,4,5,6,7,8,9"])
def test_shares_that_make_no_sense_are_refused_with_the_reason(shares):
    prompt = make_live_prompt()
    client = _client(make_member(prompt.project, Role.APPROVER))

    answer = client.post(_start_page(prompt), {"do": "start", "shares": shares, "hours": "2", "expected": "1"})

    if shares == "":
        assert Rollout.objects.count() == 1
    else:
        assert answer.status_code == 422
        assert not Rollout.objects.exists()


def test_what_is_live_already_cannot_be_rolled_out():
    prompt = make_live_prompt()
    client = _client(make_member(prompt.project, Role.APPROVER))

    assert client.get(_start_page(prompt).replace("version=2", "version=1")).status_code == 404


def test_an_editor_cannot_start_in_production():
    prompt = make_live_prompt()
    client = _client(make_member(prompt.project, Role.EDITOR))

    assert client.post(_start_page(prompt), {"do": "start", "shares": "5", "expected": "1"}).status_code == 403


def test_prompts_that_include_a_rolled_out_one_are_told_of():
    rollout = make_rollout(make_live_prompt(type="text"))
    outer = make_prompt(rollout.project, type="text")
    version = make_version(outer, text(f"@@@prompt:name={rollout.prompt.name}|label=production@@@"))
    labels.publish(prompt=outer, version=version, label="production", by=rollout.started_by)

    address = reverse("rollout", args=[rollout.project.slug, rollout.pk])
    page = _client(rollout.started_by).get(address).content.decode()

    assert "Other prompts include this one" in page
    assert f"{outer.name} changes for everybody at once" in page


def test_a_rollout_may_be_for_some_people_and_keep_quiet_at_night():
    prompt = make_live_prompt()
    person = make_approver(prompt)
    address = f"{reverse('rollout-start', args=[prompt.project.slug, prompt.pk])}?version=2&to=production"
    form = {
        "do": "start", "shares": "5, 50", "hours": "1", "expected": "1", "environments": "production, eu",
        "attributes": "plan = pro, team\ncountry=NL", "testers": "anna, ben", "quiet_from": "22", "quiet_to": "6",
    }  # fmt: skip

    _client(person).post(address, form)

    plan = changes.plan_of(Rollout.objects.get())
    assert plan.targeting.environments == ("production", "eu")
    assert plan.targeting.attributes == {"plan": ("pro", "team"), "country": ("NL",)}
    assert plan.targeting.testers == {"anna": "candidate", "ben": "candidate"}
    assert plan.quiet_hours == (22, 6)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("attributes", "plan", "on a line of its own"),
        ("quiet_from", "25", "whole hours"),
        ("quiet_to", "x", "whole hours"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_with_the_reason(field: str, value: str, sentence: str):
    prompt = make_live_prompt()
    address = f"{reverse('rollout-start', args=[prompt.project.slug, prompt.pk])}?version=2&to=production"

    answer = _client(make_approver(prompt)).post(address, {"do": "start", "expected": "1", field: value})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def _with_dearer_calls() -> Prompt:
    """Return a prompt with calls of yesterday, whose second version has a text as long again as a whole call is now."""
    prompt = make_prompt(type="text", name="support/answer")
    first = make_version(prompt, text("Answer kindly."))
    make_version(prompt, text("Answer kindly. " + "Explain each step in words that a child of seven knows. " * 40))
    labels.publish(prompt=prompt, version=first, label="production", by=make_approver(prompt))
    for number in range(120):
        call = make_span(
            trace_id=new_trace_id(), at=timezone.now() - timedelta(hours=2, seconds=number), prompt=prompt.name, version=1,
            user=f"user {number}", model="gpt-5-mini", tokens=(400, 20), cost_usd=0.001,
        )  # fmt: skip
        send(prompt.project, call)
    return prompt


@pytest.mark.parametrize(("ticked", "least", "most"), [({}, 0.1, 0.1), ({"dearer": "1"}, 0.6, 3.0)])
def test_calls_may_cost_more_when_somebody_allows_what_the_text_costs_by_itself(ticked, least: float, most: float):
    prompt = _with_dearer_calls()
    client = _client(make_member(prompt.project, Role.APPROVER))

    assert "Calls may cost more: about" in client.get(_start_page(prompt)).content.decode()
    client.post(_start_page(prompt), {"do": "start", "expected": "1", **ticked})

    plan = changes.plan_of(Rollout.objects.get())
    (dear,) = (guardrail for guardrail in plan.guardrails if guardrail.kind == DEAR)
    assert least <= dear.allowance <= most


def test_a_version_that_costs_the_same_is_not_asked_about():
    prompt = make_live_prompt()

    page = _client(make_member(prompt.project, Role.APPROVER)).get(_start_page(prompt)).content.decode()

    assert "Calls may cost more" not in page
