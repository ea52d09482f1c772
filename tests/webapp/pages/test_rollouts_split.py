"""Where people do not split between the versions as planned, the likely cause is named."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from monitoring import rollout_counts
from monitoring.rollout_counts import Sender
from prompt_registry.rollouts.plans import Step
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.projects.factories import signed_in
from tests.prompt_registry.rollouts.factories import make_plan, make_rollout
from webapp.pages.rollouts_split import likely_cause


def test_the_application_whose_calls_are_missing_is_named():
    said = likely_cause([Sender("web", 250, 1_000), Sender("mail-bot", 10, 400)], 0.25)

    assert "It comes from «mail-bot»: there 2.5% of the people have the new version instead of 25%." in said
    assert "Calls on the new version are missing" in said


def test_too_many_people_with_the_new_version_mean_that_calls_on_the_old_one_are_missing():
    assert "Calls on the old version are missing" in likely_cause([Sender("web", 700, 1_000)], 0.25)


def test_what_is_so_in_every_application_is_said_to_be_everywhere():
    said = likely_cause([Sender("web", 100, 1_000), Sender("", 20, 900)], 0.25)

    assert "It is so everywhere, most in an application without a name" in said


def test_where_no_application_stands_out_it_is_said():
    assert "No application alone" in likely_cause([Sender("web", 5, 20), Sender("mail", 5, 20)], 0.25)


@pytest.mark.django_db
def test_the_page_names_the_application():
    rollout = make_rollout(plan=make_plan(steps=(Step(0.5), Step(0.95))))
    limit, spans = rollout_counts.limit(500_000), []
    for number in range(200):
        sent = {"id": str(rollout.pk), "arm": "control", "bucket": limit + number}
        attributes = {f"callboard.rollout.{name}": value for name, value in sent.items()}
        spans.append(
            make_span(
                trace_id=new_trace_id(), at=timezone.now(), prompt=rollout.prompt.name, version=1, service="mail-bot",
                attributes=attributes,
            )
        )  # fmt: skip
    send(rollout.project, *spans)

    page = signed_in(rollout.started_by).get(reverse("rollout", args=[rollout.project.slug, rollout.pk]))

    assert (
        "It comes from «mail-bot»: there 0% of the people have the new version instead of 50%" in page.content.decode()
    )
