"""What the inbox and the page of an issue show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.analysis.models import AnalysisSettings
from monitoring.issues import changes, details, examples, queries, themes
from monitoring.issues.models import Issue, IssueState
from monitoring.issues.queries import Tab
from monitoring.streams.scopes import Scope
from projects.roles import Role
from tests.monitoring.factories import rate
from tests.monitoring.issues.factories import make_calls, make_cluster, make_harm, make_issue, open_issues
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db
EVIDENCE = {"refused": {"probability": 0.99, "version": "1", "evidence": [["output", 2, 13, "cannot help"]]}}


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def refunds(project):
    return make_cluster(project)


def opened(project, cluster, **values) -> Issue:
    now = timezone.now()
    values = {"bad": 60, "since": now - timedelta(hours=25), "findings": EVIDENCE} | values
    make_calls(project, 100, cluster=cluster, **values)
    (issue,) = open_issues(project, make_harm(Scope("refused", cluster.pk), calls=100, bad=values["bad"]), now=now)
    return issue


def test_the_tabs_hold_the_issues_by_what_is_to_be_done(project):
    for state in (IssueState.OPEN, IssueState.REGRESSED, IssueState.IN_FIX, IssueState.RESOLVED, IssueState.MUTED):
        make_issue(project, state=state)
    make_issue(make_project())

    counts = queries.tab_counts(project=project)

    assert counts == {
        Tab.NEEDS_YOU: 2, Tab.OPEN: 1, Tab.IN_FIX: 1, Tab.GONE: 1, Tab.BACK: 1, Tab.MUTED: 1,
    }  # fmt: skip
    assert all(len(queries.rows(project=project, tab=tab)) == count for tab, count in counts.items())


def test_the_most_harmful_comes_first_and_merged_ones_not_at_all(project):
    by = make_member(project=project, role=Role.EDITOR)
    one, two, three = (make_issue(project, harm=harm) for harm in (1.0, 9.0, 5.0))
    changes.merge(issue=one, into=two, by=by)

    assert [row.number for row in queries.rows(project=project)] == [two.number, three.number]


def test_a_row_tells_what_where_and_how_much(project, refunds):
    opened(project, refunds)

    (row,) = queries.rows(project=project)

    assert (row.signals, row.scopes[0].group) == (("The answers refuse or dodge",), "refunds after 30 days")
    assert (row.bad_count, row.rate, row.prompt_name) == (60, 0.6, "support/answer")
    assert row.rate_low < 0.6 < row.rate_high
    assert sum(day.bad for day in row.days) == 60
    assert row.times_usual == pytest.approx(60)


def test_rows_take_the_same_number_of_queries_for_one_and_for_many(project, django_assert_num_queries):
    for _ in range(5):
        make_issue(project)

    with django_assert_num_queries(3):
        queries.rows(project=project)


def test_the_page_shows_calls_that_differ_with_the_words_that_were_found(project, refunds):
    issue = opened(project, refunds)

    found = queries.detail(issue=issue)

    assert len(found.examples) == 5
    first = found.examples[0]
    assert (first.asked, first.answered) == ("How do I get my money back?", "I cannot help with that.")
    assert first.answered[first.highlights[0].start : first.highlights[0].end] == "cannot help"
    assert len({example.user_id for example in found.examples}) == 5
    assert {example.answered for example in found.good} == {"Here you are."}


def test_a_question_that_was_asked_often_is_chosen_once_while_there_are_others(project, refunds):
    since = timezone.now() - timedelta(hours=3)
    make_calls(project, 40, cluster=refunds, since=since, hours=2, asked="Where is my parcel?")
    for number in range(6):
        make_calls(project, 1, cluster=refunds, since=since, hours=1, asked=f"May I return {number} lamps?")
    issue = opened(project, refunds)
    where = {"project_id": project.pk, "of": details.own_of(issue)[0], "since": since, "until": timezone.now()}

    few, many = (examples.good(**where, most=most) for most in (8, 20))

    assert len({one.asked for one in few}) == 8
    assert (len(many), len({one.asked for one in many})) == (20, 8)


def test_the_page_counts_the_calls_by_the_hour(project, refunds):
    issue = opened(project, refunds)

    found = queries.detail(issue=issue)

    assert (found.trend.by_day, sum(hour.bad for hour in found.trend.points)) == (False, 60)
    users = queries.affected_users(issue=issue, of=details.own_of(issue)[0])
    assert sum(user.bad for user in users) == 60
    assert users[0].bad >= users[-1].bad


def test_a_version_that_came_meanwhile_is_marked(project, refunds):
    now = timezone.now()
    make_calls(project, 40, cluster=refunds, since=now - timedelta(hours=40), hours=15)
    issue = opened(project, refunds, version=2)

    assert [(mark.version, mark.calls) for mark in queries.detail(issue=issue).trend.marks] == [(2, 100)]


def test_what_few_people_asked_is_not_shown(project, refunds):
    issue = opened(project, refunds)
    AnalysisSettings.objects.create(project=project, fewest_users=50)

    found = queries.detail(issue=issue)

    assert (found.is_shown, found.examples, found.good, found.themes) == (False, [], [], [])
    assert found.row.scopes[0].group == "A small group of questions"


def test_users_own_words_stand_together_by_what_they_say(project, refunds):
    now = timezone.now()
    bad = make_calls(project, 100, bad=60, cluster=refunds, since=now - timedelta(hours=25))
    (issue,) = open_issues(project, make_harm(Scope("refused", refunds.pk), calls=100, bad=60), now=now)
    for trace_id in bad[:3]:
        rate(project, trace_id, comment="It refused to give me my refund")
    rate(project, bad[3], comment="<script>alert(1)</script> far too slow today")

    themes.follow(project_id=project.pk, now=now)

    found = queries.detail(issue=issue).themes
    assert [theme.count for theme in found] == [3, 1]
    assert "refund" in found[0].words
    assert found[0].comments == ("It refused to give me my refund",)


def test_what_else_goes_with_the_problem_is_told(project, refunds):
    now = timezone.now()
    bad = make_calls(project, 100, bad=60, cluster=refunds, since=now - timedelta(hours=25))
    (issue,) = open_issues(project, make_harm(Scope("refused", refunds.pk), calls=100, bad=60), now=now)
    for trace_id in bad[:30]:
        rate(project, trace_id)

    (beside,) = queries.detail(issue=issue).beside

    assert (beside.signal, beside.rate, beside.rest_rate) == ("disliked", 0.5, 0.0)


def test_issues_about_the_same_questions_are_similar(project, refunds):
    issue = make_issue(project, Scope("refused", refunds.pk))
    near = make_issue(
        project, Scope("refused", make_cluster(project, near="refunds after thirty days").pk), state="resolved"
    )
    make_issue(project, Scope("slow", model="other"))

    (found,) = queries.detail(issue=issue).similar

    assert (found.number, found.state_label, found.why) == (near.number, "Gone quiet", "Similar questions")


def test_the_bad_calls_lead_to_their_traces_newest_first(project, refunds):
    issue = opened(project, refunds)

    calls = queries.calls(issue=issue, limit=7)

    assert len(calls) == 7
    assert calls[0].at > calls[-1].at
    assert {call.text for call in calls} == {"How do I get my money back?"}


def test_a_merge_is_previewed_with_the_calls_that_both_have(project, refunds):
    issue = opened(project, refunds)
    issue.scopes.update(prompt_name="support/answer")
    wider = make_issue(project, Scope("refused", prompt_name="support/answer"))

    found = queries.merge_preview(issue=issue, into=wider)

    # The calls of the smaller part are no longer those of the wider one.
    assert (found.bad, found.other_bad, found.together, found.shared) == (60, 0, 60, 0)


def test_the_groups_of_questions_of_an_issue_could_be_split_off(project, refunds):
    other = make_cluster(project, "other questions")
    now = timezone.now()
    make_calls(project, 40, bad=20, cluster=refunds, since=now - timedelta(hours=25))
    make_calls(project, 40, bad=10, cluster=other, since=now - timedelta(hours=25))
    issue = make_issue(project, Scope("refused", prompt_name="support/answer"), evidence={"people": 20})

    found = queries.parts(issue=issue)

    assert [(part.words.group, part.bad) for part in found] == [("refunds after 30 days", 20), ("other questions", 10)]


def test_flagged_calls_of_no_group_and_no_issue_are_pending(project, refunds):
    now = timezone.now()
    make_calls(project, 20, bad=10, since=now - timedelta(hours=25))
    make_calls(project, 20, bad=5, signal="toxic", prompt="known", since=now - timedelta(hours=25))
    make_calls(project, 20, bad=5, cluster=refunds, since=now - timedelta(hours=25))
    make_issue(project, Scope("toxic", prompt_name="known"))

    found = queries.pending(project=project)

    assert [(one.label, one.calls) for one in found.signals] == [("The answers refuse or dodge", 10)]
    assert found.grouped_at is None
