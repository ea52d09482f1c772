"""Issues are opened by rule: one for each problem, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.analysis.models import AnalysisSettings
from monitoring.issues.models import Issue, IssueEvent, IssueState
from monitoring.streams.families import Part
from monitoring.streams.scopes import Scope
from projects.models import Notification, WebhookDelivery
from projects.roles import Role
from tests.monitoring.factories import rate
from tests.monitoring.issues.factories import NOW, listen, make_calls, make_cluster, make_harm, make_issue, open_issues
from tests.projects.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def refunds(project):
    return make_cluster(project)


def test_a_harmful_part_becomes_an_issue_with_its_numbers(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds)

    (issue,) = open_issues(project, make_harm(Scope("refused", refunds.pk), calls=100, bad=60))

    assert (issue.number, issue.state) == (1, IssueState.OPEN)
    assert (issue.call_count, issue.bad_count) == (100, 60)
    assert 10 < issue.user_count <= 20
    assert issue.title.startswith("Refunds after 30 days: 60 % refused")
    assert [scope.as_scope() for scope in issue.scopes.all()] == [Scope("refused", refunds.pk)]
    assert IssueEvent.objects.get(issue=issue).numbers["bad"] == 60


def test_looking_again_opens_nothing(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds)
    harm = make_harm(Scope("refused", refunds.pk), calls=100, bad=60)

    assert [len(open_issues(project, harm)), len(open_issues(project, harm))] == [1, 0]


def test_what_is_not_sure_stays_closed(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds)
    scope = Scope("refused", refunds.pk)

    unsure = make_harm(scope, calls=100, bad=60, is_significant=False)
    chance = make_harm(scope, calls=100, bad=10, usual=0.06)
    few = make_harm(scope, calls=10, bad=7)

    assert [open_issues(project, one) for one in (unsure, chance, few)] == [[], [], []]


def test_one_angry_user_is_no_issue(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds, users=3)

    assert open_issues(project, make_harm(Scope("refused", refunds.pk), calls=100, bad=60)) == []


def test_calls_without_users_count_as_of_different_people(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds, users=0)

    assert len(open_issues(project, make_harm(Scope("refused", refunds.pk), calls=100, bad=60))) == 1


def test_a_wider_part_of_the_traffic_with_the_same_bad_calls_is_no_other_issue(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds)
    make_calls(project, 900, bad=9)

    opened = open_issues(
        project,
        make_harm(Scope("refused", refunds.pk), calls=100, bad=60, harm=200.0),
        make_harm(Scope("refused", prompt_name="support/answer"), calls=1000, bad=69),
    )

    assert [one.scopes.get().cluster_id for one in opened] == [refunds.pk]


def test_thumbs_down_on_the_very_calls_of_an_issue_are_the_same_issue(project, refunds):
    bad = make_calls(project, 100, bad=60, cluster=refunds)
    for trace_id in bad[:40]:
        rate(project, trace_id)

    opened = open_issues(
        project,
        make_harm(Scope("disliked", refunds.pk), calls=100, bad=40, harm=500.0),
        make_harm(Scope("refused", refunds.pk), calls=100, bad=60),
    )

    assert [one.scopes.get().signal for one in opened] == ["refused"]


def test_another_problem_of_the_same_calls_is_another_issue(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds)
    make_calls(project, 100, bad=60, signal="toxic", cluster=refunds)

    opened = open_issues(
        project,
        make_harm(Scope("refused", refunds.pk), calls=200, bad=60),
        make_harm(Scope("toxic", refunds.pk), calls=200, bad=60),
    )

    assert {one.scopes.get().signal for one in opened} == {"refused", "toxic"}
    assert [one.number for one in opened] == [1, 2]


def test_questions_that_always_took_long_are_no_issue_and_those_that_began_to_are(project, refunds):
    slow = make_harm(Scope("slow", refunds.pk), calls=100, bad=60)
    make_calls(project, 100, bad=60, signal="slow", cluster=refunds)
    assert open_issues(project, slow) == []

    make_calls(project, 400, cluster=refunds, since=NOW - timedelta(days=6), hours=120)
    assert len(open_issues(project, slow)) == 1


def test_a_problem_of_some_hours_of_the_day_is_weighed_by_those_hours(project):
    make_issue(project, Scope("refused", prompt_name="other"))
    make_calls(project, 600, bad=40, signal="slow", model="gpt-5")
    part = Part("hour of day", "14:00–17:00")

    (issue,) = open_issues(project, make_harm(Scope("slow", model="gpt-5"), calls=50, bad=25, usual=0.05, part=part))

    assert issue.title.startswith("gpt-5: 7 % are slower than usual, above all at 14:00–17:00")


def test_what_else_is_wrong_with_a_part_is_opened_when_the_first_thing_is_no_issue(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds)
    make_calls(project, 300)
    refused = Scope("refused", refunds.pk, "support/answer")

    (issue,) = open_issues(
        project, make_harm(Scope("dear", refunds.pk, "support/answer"), calls=100, bad=40, also=(refused,))
    )

    assert issue.scopes.get().as_scope() == refused


def test_the_name_of_a_group_that_few_people_ask_for_is_not_told(project, refunds):
    make_calls(project, 100, bad=60, cluster=refunds, users=6)
    AnalysisSettings.objects.create(project=project, fewest_users=7)

    (issue,) = open_issues(project, make_harm(Scope("refused", refunds.pk, "support/answer"), calls=100, bad=60))

    assert issue.title.startswith("support/answer: 60 % refused")


def test_an_issue_of_another_project_explains_nothing(project, refunds):
    make_issue(make_project(), Scope("refused", prompt_name="support/answer"))
    make_calls(project, 100, bad=60, cluster=refunds)

    assert len(open_issues(project, make_harm(Scope("refused", prompt_name="support/answer"), calls=100, bad=60))) == 1


def test_the_webhooks_and_the_admins_hear_of_a_new_issue(project, refunds):
    admin = make_member(project=project, role=Role.ADMIN)
    listen(project, "issue:opened", by=make_user())
    make_calls(project, 100, bad=60, cluster=refunds)

    (issue,) = open_issues(project, make_harm(Scope("refused", refunds.pk), calls=100, bad=60))

    assert WebhookDelivery.objects.get().payload["data"]["issue"] == issue.number
    assert Notification.objects.get(user=admin).path == f"/p/{project.slug}/issues/1/"


def test_an_issue_that_began_yesterday_says_so(project, refunds):
    make_calls(project, 500, bad=2, cluster=refunds, since=NOW - timedelta(days=6), hours=120)
    make_calls(project, 100, bad=60, cluster=refunds)

    (issue,) = open_issues(project, make_harm(Scope("refused", refunds.pk), calls=600, bad=62))

    assert issue.began_at == NOW - timedelta(days=1)
    assert issue.title.startswith("Refunds after 30 days: 60 % refused since ")


def test_numbers_of_issues_go_on_when_one_is_removed_in_between(project):
    first, second = make_issue(project), make_issue(project)
    first.delete()

    assert make_issue(project).number == second.number + 1
    assert Issue.objects.filter(project=project).count() == 2
