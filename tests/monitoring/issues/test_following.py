"""What happens to issues by the rules, on real calls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.issues import changes, following, looks, opening
from monitoring.issues.models import Happening, Issue, IssueEvent, IssueState, Trend
from monitoring.streams import hours
from monitoring.streams.scopes import Scope
from projects.models import Notification, WebhookDelivery
from projects.roles import Role
from tests.monitoring.issues.factories import NOW, listen, make_calls, make_cluster, make_harm, make_issue, open_issues
from tests.projects.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def refunds(project):
    return make_cluster(project)


@pytest.fixture
def scope(refunds):
    return Scope("refused", refunds.pk)


def follow(project, *ranking, now=NOW) -> Issue:
    """Look at the single issue of the project, and return it."""
    hours.recount_between(project_id=project.pk, since=now - 15 * DAY, until=now)
    calls = looks.all_calls(project_id=project.pk, since=now - 28 * DAY, until=now)
    known = opening.known(project_id=project.pk)
    following.follow(project_id=project.pk, ranking=ranking, known=known, all_calls=calls, now=now)
    return Issue.objects.get(project=project)


def happened(issue: Issue) -> list[str]:
    return list(IssueEvent.objects.filter(issue=issue).order_by("at", "pk").values_list("kind", flat=True))


def opened_two_days_ago(project, refunds, scope) -> Issue:
    make_calls(project, 120, bad=60, cluster=refunds, since=NOW - 3 * DAY)
    (issue,) = open_issues(project, make_harm(scope, calls=120, bad=60), now=NOW - 2 * DAY)
    return issue


def test_the_numbers_follow_the_calls(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    make_calls(project, 100, bad=50, cluster=refunds)

    issue = follow(project, make_harm(scope, calls=220, bad=110, harm=77.0))

    assert (issue.call_count, issue.bad_count, issue.harm, issue.trend) == (220, 110, 77.0, Trend.NEW)
    assert issue.state == IssueState.OPEN
    assert happened(issue) == [Happening.OPENED]


def test_looking_twice_at_one_moment_changes_nothing(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    follow(project)
    before = list(Issue.objects.values())

    assert list(Issue.objects.filter(pk=follow(project).pk).values()) == before
    assert happened(Issue.objects.get()) == [Happening.OPENED]


def test_an_issue_that_nobody_meets_any_more_is_resolved(project, refunds, scope):
    owner = make_member(project=project, role=Role.EDITOR)
    listen(project, "issue:resolved", by=make_user())
    opened = opened_two_days_ago(project, refunds, scope)
    Issue.objects.update(owner=owner)
    make_calls(project, 100, bad=1, cluster=refunds, since=NOW - 2 * DAY, hours=48)

    issue = follow(project)

    assert (issue.state, issue.trend) == (IssueState.RESOLVED, Trend.QUIET)
    event = IssueEvent.objects.get(kind=Happening.RESOLVED)
    assert (event.old, event.new, event.numbers["calls"], event.numbers["bad"]) == ("open", "resolved", 100, 1)
    assert WebhookDelivery.objects.get().payload["data"]["issue"] == opened.number
    assert Notification.objects.get(user=owner, kind="issue.resolved").sentence.startswith("Issue 1 is gone: ")
    # It is still called what it was while it was there.
    assert issue.title == opened.title


def test_few_calls_do_not_tell_that_it_is_gone(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    make_calls(project, 4, cluster=refunds, since=NOW - 2 * DAY, hours=48)

    assert follow(project).state == IssueState.OPEN


def test_an_issue_under_repair_is_not_resolved_by_itself(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    Issue.objects.update(state=IssueState.IN_FIX)
    make_calls(project, 100, cluster=refunds, since=NOW - 2 * DAY, hours=48)

    issue = follow(project)

    assert (issue.state, issue.trend) == (IssueState.IN_FIX, Trend.QUIET)


def test_an_issue_that_comes_back_is_regressed(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    listen(project, "issue:regressed", by=make_user())
    level = {"rate": 0.02, "at": (NOW - DAY).isoformat()}
    Issue.objects.update(state=IssueState.RESOLVED, closed_level=level)
    make_calls(project, 60, bad=20, cluster=refunds)

    issue = follow(project)

    assert (issue.state, issue.trend, issue.closed_level) == (IssueState.REGRESSED, Trend.NEW, None)
    assert IssueEvent.objects.get(kind=Happening.REGRESSED).numbers["evidence"] >= 20
    assert WebhookDelivery.objects.count() == 1


def test_a_closed_issue_stays_closed_while_its_calls_are_as_usual(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    Issue.objects.update(state=IssueState.VERIFIED, closed_level=None, state_at=NOW - DAY, usual_rate=0.05)
    make_calls(project, 100, bad=5, cluster=refunds)

    assert follow(project).state == IssueState.VERIFIED


def test_an_issue_that_gets_much_worse_escalates_and_tells(project, refunds, scope):
    make_calls(project, 400, bad=60, cluster=refunds, since=NOW - 3 * DAY)
    listen(project, "issue:escalating", by=make_user())
    open_issues(project, make_harm(scope, calls=400, bad=60), now=NOW - 2 * DAY)
    make_calls(project, 400, bad=240, cluster=refunds)

    issue = follow(project)

    assert (issue.trend, issue.state) == (Trend.ESCALATING, IssueState.OPEN)
    assert WebhookDelivery.objects.count() == 1
    # The alarm rings once: what is worse from now on is compared with how bad it is now.
    assert follow(project, now=NOW + timedelta(hours=1)).trend == Trend.ESCALATING
    assert happened(issue).count(Happening.ESCALATED) == 1


def test_a_muted_issue_wakes_up_on_its_day(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    Issue.objects.update(state=IssueState.MUTED, muted_until=NOW - timedelta(minutes=1))

    issue = follow(project)

    assert (issue.state, issue.muted_until) == (IssueState.OPEN, None)
    assert Happening.UNMUTED in happened(issue)


def test_an_issue_muted_until_it_gets_worse_wakes_up_then_and_not_before(project, refunds, scope):
    make_calls(project, 400, bad=60, cluster=refunds, since=NOW - 3 * DAY)
    open_issues(project, make_harm(scope, calls=400, bad=60), now=NOW - 2 * DAY)
    make_calls(project, 100, bad=14, cluster=refunds, since=NOW - 2 * DAY)
    changes.mute(issue=Issue.objects.get(), until=None, by=make_member(project=project, role=Role.EDITOR))

    assert follow(project, now=NOW - DAY).state == IssueState.MUTED
    make_calls(project, 400, bad=240, cluster=refunds)
    assert follow(project).state == IssueState.OPEN


def test_an_issue_that_more_and_more_calls_have_is_growing(project, refunds, scope):
    make_calls(project, 1000, since=NOW - 5 * DAY, hours=120)
    make_calls(project, 100, bad=50, cluster=refunds, since=NOW - 5 * DAY, hours=72)
    open_issues_at = NOW - 2 * DAY
    hours.recount_between(project_id=project.pk, since=NOW - 6 * DAY, until=NOW)
    calls = looks.all_calls(project_id=project.pk, since=NOW - 28 * DAY, until=open_issues_at)
    opening.open_new(
        project_id=project.pk, ranking=[make_harm(scope, calls=100, bad=50)], all_calls=calls, now=open_issues_at
    )
    make_calls(project, 300, bad=150, cluster=refunds)

    assert follow(project).trend == Trend.GROWING


def test_a_title_of_ones_own_stays(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    Issue.objects.update(title="Refunds!", is_title_own=True)
    make_calls(project, 100, bad=80, cluster=refunds)

    assert follow(project).title == "Refunds!"


def test_a_part_that_was_split_off_no_longer_counts(project, refunds, scope):
    other = make_cluster(project, "other")
    make_calls(project, 100, bad=50, cluster=refunds)
    make_calls(project, 100, bad=30, cluster=other)
    make_issue(project, Scope("refused", prompt_name="support/answer"))
    changes.split(
        issue=Issue.objects.get(), scope=Scope("refused", other.pk, "support/answer"),
        by=make_member(project=project, role=Role.EDITOR),
    )  # fmt: skip
    known = opening.known(project_id=project.pk)
    following.follow(project_id=project.pk, ranking=[], known=known, all_calls={}, now=NOW)

    assert sorted(Issue.objects.values_list("bad_count", flat=True)) == [30, 50]


def test_what_a_person_did_meanwhile_is_kept(project, refunds, scope):
    opened_two_days_ago(project, refunds, scope)
    known = opening.known(project_id=project.pk)
    changes.resolve(
        issue=Issue.objects.get(), reason="Fixed in v12.", by=make_member(project=project, role=Role.EDITOR)
    )

    following.follow(project_id=project.pk, ranking=[], known=known, all_calls={}, now=NOW)

    assert Issue.objects.get().state == IssueState.RESOLVED
    assert Issue.objects.get().closed_level["rate"] == 0.01
