"""The page of a proposed fix: what a search takes is said first, and its changes are approved by a person, one by one."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from evals.proposals import changes
from evals.proposals.models import FixProposal, ProposalState
from monitoring.issues.models import Issue
from projects.roles import Role
from prompt_registry import connections
from tests.evals.proposals.factories import Planted, make_ready, plant
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def planted() -> Planted:
    project = make_project()
    admin = make_member(project=project, role=Role.ADMIN)
    connection = connections.add_simulated(project=project, by=admin)
    return plant(project, connection, admin, model="simulated-fast")


@pytest.fixture
def client(planted: Planted) -> Client:
    return signed_in(planted.by)


def page(issue: Issue) -> str:
    return reverse("issue-proposal", args=[issue.project.slug, issue.number])


def test_the_path_leads_to_a_proposal(client, planted):
    issue = planted.fix.issue
    answer = client.get(reverse("issue", args=[issue.project.slug, issue.number]))

    assert page(issue) in answer.content.decode()


def test_what_a_search_takes_is_said_before_it_starts(client, planted):
    answer = client.get(page(planted.fix.issue))

    calls = answer.context["budget"].sizes.calls
    assert f"up to {calls} calls" in answer.content.decode()
    assert calls <= 500
    assert "the answers are simulated" in answer.content.decode()


def test_starting_shows_how_far_it_is(client, planted):
    client.post(page(planted.fix.issue), {"do": "start", "calls": "350", "cap": "1"})

    proposal = FixProposal.objects.get()
    answer = client.get(page(planted.fix.issue)).content.decode()
    assert (proposal.state, proposal.most_calls) == (ProposalState.ASKING, 350)
    assert "Stop the search" in answer
    assert 'hx-trigger="every 3s"' in answer


def test_too_few_calls_are_refused_with_the_reason(client, planted):
    answer = client.post(page(planted.fix.issue), {"do": "start", "calls": "60"})

    assert answer.status_code == 422
    assert "At least" in answer.content.decode()
    assert not FixProposal.objects.exists()


def test_what_may_be_asked_stays_to_be_chosen_when_it_is_too_little(client, planted):
    answer = client.post(page(planted.fix.issue), {"do": "price", "calls": "60", "cap": "1"})

    text = answer.content.decode()
    assert answer.context["calls_problem"] in text
    assert 'name="calls"' in text


@pytest.mark.parametrize("act", ["price", "start"])
@pytest.mark.parametrize("cap", ["", "-5", "much", "1e12", "<script>"])
def test_an_amount_that_is_none_is_refused_beside_its_field(client, planted, act, cap):
    answer = client.post(page(planted.fix.issue), {"do": act, "calls": "350", "cap": cap})

    assert answer.status_code == 422
    assert "Say how much the search may cost at most, in dollars, such as 2.00." in answer.content.decode()
    assert not FixProposal.objects.exists()


def test_too_few_calls_in_the_dataset_lead_to_more_of_them(client, planted):
    planted.dataset.items.filter(tags__contains=["good"]).delete()

    answer = client.get(page(planted.fix.issue)).content.decode()

    issue = planted.fix.issue
    assert "There are too few good calls" in answer
    assert reverse("issue-dataset", args=[issue.project.slug, issue.number]) in answer


def test_a_search_that_ended_leads_on(client, planted):
    proposal = planted.start()
    changes.stop(proposal=proposal, by=planted.by)

    answer = client.get(page(planted.fix.issue)).content.decode()

    assert "write the new version yourself" in answer
    assert "again below" in answer


def test_a_search_can_be_stopped(client, planted):
    proposal = planted.start()

    client.post(page(planted.fix.issue), {"do": "stop", "proposal": proposal.pk})

    proposal.refresh_from_db()
    assert proposal.state == ProposalState.STOPPED


def test_each_change_is_shown_with_its_reason(client, planted):
    make_ready(planted, "Help them.", "Say what happens next.")

    answer = client.get(page(planted.fix.issue)).content.decode()

    assert answer.count("I approve this change") == 2
    assert "Because of Help them." in answer
    assert "Right answers on 20 held-out calls with the problem: +70 points" in answer


def test_only_the_approved_changes_are_in_the_new_version(client, planted):
    proposal = make_ready(planted, "Help them.", "Say what happens next.")

    client.post(page(planted.fix.issue), {"do": "take", "proposal": proposal.pk, "edit": ["1"]})

    proposal.refresh_from_db()
    assert proposal.version is not None
    assert "Say what happens next." in proposal.version.text
    assert "Help them." not in proposal.version.text
    planted.fix.refresh_from_db()
    assert planted.fix.version == proposal.version


def test_refusing_every_change_makes_no_version(client, planted):
    proposal = make_ready(planted, "Help them.")

    answer = client.post(page(planted.fix.issue), {"do": "take", "proposal": proposal.pk})

    assert answer.status_code == 422
    assert planted.version.prompt.versions.count() == 1


def test_a_form_of_an_earlier_search_does_nothing(client, planted):
    first = planted.start()
    changes.stop(proposal=first, by=planted.by)
    second = make_ready(planted, "Help them.")

    client.post(page(planted.fix.issue), {"do": "take", "proposal": first.pk, "edit": ["0"]})

    second.refresh_from_db()
    assert second.state == ProposalState.READY


def test_what_a_model_wrote_is_only_text(client, planted):
    make_ready(planted, "<script>alert(1)</script>")

    answer = client.get(page(planted.fix.issue)).content.decode()

    assert "<script>alert(1)" not in answer
    assert "&lt;script&gt;" in answer


def test_who_may_only_look_gets_no_proposal(planted):
    viewer = make_member(project=planted.fix.project, role=Role.VIEWER)

    assert signed_in(viewer).post(page(planted.fix.issue), {"do": "start"}).status_code == 403


def test_without_a_fix_the_page_leads_back(client, planted):
    planted.fix.__class__.objects.update(state="given_up")

    assert client.get(page(planted.fix.issue)).status_code == 302
