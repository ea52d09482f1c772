"""The pages of rollouts, asked for as people do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import User
from projects.roles import Role
from prompt_registry.models import Rollout, RolloutDecision
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.plans import Step
from tests.monitoring.factories import make_span, new_trace_id, rate, send
from tests.prompt_registry.factories import make_member
from tests.prompt_registry.rollouts.factories import make_live_prompt, make_plan, make_rollout
from workers import rollout_control

pytestmark = pytest.mark.django_db


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _page(rollout: Rollout, name: str = "rollout", **values: Any) -> str:
    return reverse(name, args=[rollout.project.slug, rollout.pk], **values)


def test_the_list_says_what_is_under_way_and_what_ended():
    rollout = make_rollout()
    client = _client(rollout.started_by)
    address = reverse("rollouts", args=[rollout.project.slug])

    assert "running" in client.get(address).content.decode()
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="It lies.")
    after = client.get(address).content.decode()

    assert "taken back" in after
    assert "It lies." in after


def test_an_empty_list_says_how_to_start():
    prompt = make_live_prompt()
    client = _client(make_member(prompt.project, Role.VIEWER))

    assert "No rollout yet" in client.get(reverse("rollouts", args=[prompt.project.slug])).content.decode()


def test_the_page_of_a_new_rollout_says_that_nothing_is_known_yet():
    rollout = make_rollout()

    page = _client(rollout.started_by).get(_page(rollout)).content.decode()

    assert "Safe so far. Not enough data yet about" in page
    assert "Nothing can be said yet." in page


def test_the_counts_of_the_page_are_the_calls_that_were_logged():
    rollout = make_rollout()
    at, sent = changes.began(rollout)[0], {"callboard.rollout.id": str(rollout.pk), "callboard.rollout.arm": "control"}
    for number in range(3):
        attributes = sent | {"callboard.rollout.bucket": 2**47 + number}
        call = make_span(trace_id=new_trace_id(), prompt=rollout.prompt.name, version=1, attributes=attributes, at=at)
        send(rollout.project, call)

    page = _client(rollout.started_by).get(_page(rollout)).context

    assert [arm.people for arm in page["arms"]] == [3, 0]
    assert [arm.calls for arm in page["arms"]] == [3, 0]


@pytest.mark.parametrize(
    ("button", "state"), [("pause", "paused"), ("undo", "rolled_back"), ("finish", "completed"), ("advance", "running")]
)
def test_each_button_does_what_it_says(button, state):
    rollout = make_rollout()
    client = _client(rollout.started_by)

    client.post(_page(rollout, "rollout-act"), {"do": button, "reason": "I say so.", "revision": rollout.revision})

    assert Rollout.objects.get(pk=rollout.pk).state == state


def test_a_button_of_an_old_page_changes_nothing():
    rollout = make_rollout()
    changes.pause(rollout=rollout, by=rollout.started_by, reason="Wait.")
    client = _client(rollout.started_by)

    answer = client.post(_page(rollout, "rollout-act"), {"do": "finish", "reason": "Go.", "revision": 1}, follow=True)

    assert "has moved on since you looked" in answer.content.decode()
    assert Rollout.objects.get(pk=rollout.pk).state == "paused"


def test_an_editor_may_take_it_back_but_not_finish():
    rollout = make_rollout()
    client = _client(make_member(rollout.project, Role.EDITOR))

    assert client.post(_page(rollout, "rollout-act"), {"do": "finish", "reason": "x", "revision": 1}).status_code == 403
    client.post(_page(rollout, "rollout-act"), {"do": "undo", "reason": "", "revision": 1})

    assert Rollout.objects.get(pk=rollout.pk).state == "rolled_back"


def test_a_kept_decision_shows_its_numbers():
    rollout = make_rollout()
    rollout_control.look_at(
        Rollout.objects.select_related("project", "prompt", "control", "candidate").get(pk=rollout.pk),
        now=rollout.started_at,
    )
    kept = rollout.decisions.exclude(situation={}).get()

    page = _client(rollout.started_by).get(
        reverse("rollout-decision", args=[rollout.project.slug, rollout.pk, kept.pk])
    )

    assert "Thumbs down" in page.content.decode()


def test_another_project_sees_nothing_of_a_rollout():
    rollout = make_rollout()
    stranger = _client(make_member(make_live_prompt().project, Role.ADMIN))

    assert stranger.get(_page(rollout)).status_code == 404


def _call(rollout: Rollout, arm: str, **fields: Any) -> str:
    is_candidate = arm == "candidate"
    sent = {
        "callboard.rollout.id": str(rollout.pk), "callboard.rollout.arm": arm,
        "callboard.rollout.bucket": 1 if is_candidate else 2**47,
    }  # fmt: skip
    version, trace = 2 if is_candidate else 1, new_trace_id()
    call = make_span(
        trace_id=trace, prompt=rollout.prompt.name, version=version, attributes=sent, at=timezone.now(),
        answered=f"I am {arm}.", **fields,
    )  # fmt: skip
    send(rollout.project, call)
    return trace


def test_the_page_shows_what_people_disliked_of_each_side_and_leads_to_all_its_calls():
    rollout = make_rollout()
    rate(rollout.project, _call(rollout, "candidate"))
    _call(rollout, "control")

    page = _client(rollout.started_by).get(_page(rollout)).content.decode()

    assert "I am candidate." in page
    assert "I am control." not in page
    assert f"/explore/?rollout={rollout.pk}&amp;arm=candidate" in page


def test_the_page_shows_both_answers_to_one_question_and_leads_to_the_next_pair():
    rollout = make_rollout()
    for question in ("Where is my parcel?", "Do you ship to Norway?"):
        for arm in ("control", "candidate"):
            _call(rollout, arm, asked=question)
    rate(rollout.project, _call(rollout, "candidate", asked="May I return <b>it</b>?"))
    _call(rollout, "control", asked="May I return <b>it</b>?")
    client = _client(rollout.started_by)

    page = client.get(_page(rollout)).content.decode()
    part = client.get(_page(rollout), {"pair": "2"}, headers={"HX-Request": "true"}).content.decode()

    assert "The same question, both answers" in page
    assert "1 of 3" in page
    assert "May I return &lt;b&gt;it&lt;/b&gt;?" in page
    assert "<html" not in part
    assert "2 of 3" in part
    assert ("I am control." in part, "I am candidate." in part) == (True, True)


@pytest.mark.parametrize(("asked_for", "place"), [("", 1), ("0", 1), ("99", 1), ("x", 1), ("-5", 1)])
def test_a_pair_that_does_not_exist_is_the_nearest_one(asked_for: str, place: int):
    rollout = make_rollout()
    for arm in ("control", "candidate"):
        _call(rollout, arm, asked="Where is my parcel?")

    page = _client(rollout.started_by).get(_page(rollout), {"pair": asked_for})

    assert page.context["pair"].place == place


def test_the_page_of_the_prompts_versions_has_the_numbers_of_both_sides_since_the_start():
    rollout = make_rollout()
    _call(rollout, "candidate")
    _call(rollout, "candidate")
    address = reverse("prompt-versions", args=[rollout.project.slug, rollout.prompt_id])

    [split] = _client(rollout.started_by).get(address).context["splits"]

    assert [row.usage.call_count for row in split.rows] == [0, 2]


def test_the_page_says_after_how_many_more_people_it_would_be_taken_back():
    rollout = make_rollout(plan=make_plan(steps=(Step(0.05), Step(0.95))))

    triggers = {one.title: one.more for one in _client(rollout.started_by).get(_page(rollout)).context["triggers"]}

    # Of people with an event, one in twenty has the new version when both are alike.
    assert 1 < triggers["Errors"] < 10
    assert set(triggers) == {"Thumbs down", "Errors", "Slow answers"}


def test_the_evidence_about_each_thing_is_drawn_with_what_is_enough():
    rollout = make_rollout()
    rollout_control.look_at(rollout, now=timezone.now())
    rollout.decisions.update(decided_at=timezone.now() - timedelta(hours=1))
    changes.pause(rollout=rollout, by=rollout.started_by, reason="")
    changes.resume(rollout=rollout, by=rollout.started_by)
    _call(rollout, "control")
    RolloutDecision.objects.create(
        project=rollout.project, rollout=rollout, action="wait", reason="Later.", step=0, share_ppm=1,
        evidence=rollout.decisions.exclude(evidence={}).get().evidence,
    )  # fmt: skip

    charts = _client(rollout.started_by).get(_page(rollout)).context["charts"]

    assert [list(chart.series) for chart, _, _ in charts] == [
        ["Evidence", "Taken back at"],
        ["Thumbs down", "Errors", "Slow answers", "Enough at"],
    ]


def test_when_the_numbers_cannot_be_worked_out_the_buttons_still_work():
    rollout = make_rollout()
    Rollout.objects.update(step_began=[])
    client = _client(rollout.started_by)

    page = client.get(_page(rollout)).content.decode()
    client.post(reverse("rollout-act", args=[rollout.project.slug, rollout.pk]), {"do": "undo", "reason": "Blind."})

    assert "The numbers cannot be shown" in page
    assert Rollout.objects.get().state == "rolled_back"


def test_a_rollout_that_could_not_be_looked_at_says_so():
    rollout = make_rollout()
    changes.cannot_look(rollout=rollout, trouble="OperationalError.")

    assert "could not be looked at" in _client(rollout.started_by).get(_page(rollout)).content.decode()


def test_a_button_that_needs_a_reason_leads_to_the_field_for_it():
    rollout = make_rollout()
    client = _client(rollout.started_by)

    answer = client.post(_page(rollout, "rollout-act"), {"do": "finish", "reason": "", "revision": rollout.revision})

    assert answer.url.endswith("?asks=why#reason")
    assert "Say why here, and press the button once more." in client.get(answer.url).content.decode()
    assert Rollout.objects.get(pk=rollout.pk).state == "running"
