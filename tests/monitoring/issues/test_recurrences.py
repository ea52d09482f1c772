"""When an issue comes back, its history says what is different about its calls since it was closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.issues import recurrences
from monitoring.issues.membership import Membership
from monitoring.issues.models import Happening, Issue, IssueEvent, IssueState
from monitoring.streams.scopes import Scope
from tests.monitoring.issues.factories import NOW, make_calls, make_cluster, make_harm, open_issues
from tests.monitoring.issues.test_following import follow
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def refunds(project):
    return make_cluster(project)


def changed(project, refunds) -> dict[tuple[str, str], tuple[float, float]]:
    own = Membership((Scope("refused", refunds.pk),))
    found = recurrences.changed_since(project_id=project.pk, of=own, closed_at=NOW - DAY, now=NOW)
    return {(one["what"], one["value"]): (round(one["before"], 2), round(one["after"], 2)) for one in found}


def test_a_new_version_a_new_model_and_more_such_questions_are_named(project, refunds):
    make_calls(project, 40, cluster=refunds, since=NOW - 3 * DAY, version=7)
    make_calls(project, 360, since=NOW - 3 * DAY)
    make_calls(project, 40, bad=20, cluster=refunds, since=NOW - 0.5 * DAY, hours=10, version=8, model="gpt-5")
    make_calls(project, 40, since=NOW - 0.5 * DAY, hours=10)

    found = changed(project, refunds)

    assert found["prompt version", "support/answer 8"] == (0.0, 1.0)
    assert found["prompt version", "support/answer 7"] == (1.0, 0.0)
    assert found["model", "gpt-5"] == (0.0, 1.0)
    assert found["share of all calls", ""] == (0.1, 0.5)


def test_what_is_as_before_is_not_named(project, refunds):
    for since in (NOW - 3 * DAY, NOW - 0.5 * DAY):
        make_calls(project, 40, cluster=refunds, since=since, hours=10)

    assert changed(project, refunds) == {}


def test_the_history_of_an_issue_that_came_back_says_what_changed(project, refunds):
    scope = Scope("refused", refunds.pk)
    make_calls(project, 120, bad=60, cluster=refunds, since=NOW - 5 * DAY)
    open_issues(project, make_harm(scope, calls=120, bad=60), now=NOW - 4 * DAY)
    closed_at = NOW - 2 * DAY
    level = {"rate": 0.02, "at": closed_at.isoformat()}
    Issue.objects.update(state=IssueState.VERIFIED, state_at=closed_at, closed_level=level)
    make_calls(project, 100, bad=50, cluster=refunds, since=NOW - DAY, hours=20, version=9)

    issue = follow(project)

    event = IssueEvent.objects.get(issue=issue, kind=Happening.REGRESSED)
    assert issue.state == IssueState.REGRESSED
    assert {one["value"] for one in event.numbers["changed"]} >= {"support/answer 9"}
