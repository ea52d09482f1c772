"""What users say about an issue: comments join the theme that says the same, and go when they are taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import scores
from monitoring.issues import feedback, themes
from monitoring.issues.models import Issue, IssueState, IssueTheme, ThemeComment
from monitoring.models import Score
from monitoring.streams.scopes import Scope
from projects.models import Project
from tests.monitoring.factories import rate
from tests.monitoring.issues.factories import make_calls, make_issue
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db
SAME = ("It refused to give me my refund", "Refused my refund", "My refund was refused")
OTHER = "The answer came far too slowly"


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def issue(project: Project) -> Issue:
    return make_issue(project, Scope("refused", prompt_name="support/answer"))


@pytest.fixture
def bad(project: Project) -> list[str]:
    return make_calls(project, 40, bad=20, since=timezone.now() - timedelta(hours=25))


def look(issue: Issue) -> list[feedback.Theme]:
    themes.follow(project_id=issue.project_id, now=timezone.now())
    return feedback.themes(issue=issue)


def test_new_comments_join_the_theme_that_says_the_same(project, issue, bad):
    for trace_id, comment in zip(bad, (*SAME[:2], OTHER), strict=False):
        rate(project, trace_id, comment=comment)
    (first, _) = look(issue)
    known = set(IssueTheme.objects.values_list("pk", flat=True))

    rate(project, bad[5], comment=SAME[2])
    Score.objects.filter(comment=SAME[2]).update(received_at=timezone.now() + timedelta(minutes=1))
    (grown, other) = look(issue)

    assert (first.count, grown.count, other.count) == (2, 3, 1)
    assert grown.first_at == first.first_at < grown.last_at
    assert "refund" in grown.words
    assert set(IssueTheme.objects.values_list("pk", flat=True)) == known


def test_what_says_something_new_begins_a_theme(project, issue, bad):
    rate(project, bad[0], comment=SAME[0])
    look(issue)

    rate(project, bad[1], comment=OTHER)

    assert sorted(theme.comments for theme in look(issue)) == [(SAME[0],), (OTHER,)]


def test_looking_again_changes_nothing(project, issue, bad):
    rate(project, bad[0], comment=SAME[0])
    look(issue)
    before = list(ThemeComment.objects.values_list("pk", "theme__mass"))

    look(issue)

    assert list(ThemeComment.objects.values_list("pk", "theme__mass")) == before


def test_a_comment_that_was_taken_back_is_in_no_theme_and_in_no_middle_of_one(project, issue, bad):
    for trace_id, comment in zip(bad, SAME, strict=False):
        rate(project, trace_id, comment=comment)
    look(issue)
    gone = Score.objects.get(project=project, comment=SAME[0])

    scores.withdraw(project_id=project.pk, score_ids=[gone.id])
    at_once, later = feedback.themes(issue=issue), look(issue)

    assert ThemeComment.objects.count() == 2
    assert not any(SAME[0] in theme.comments for theme in (*at_once, *later))
    assert IssueTheme.objects.get().mass == 2


def test_comments_on_other_calls_are_not_taken_in(project, issue, bad):
    others = make_calls(project, 10, bad=10, prompt="another", since=timezone.now() - timedelta(hours=25))
    rate(project, others[0], comment=OTHER)
    rate(project, bad[0], up=True, comment="Great")

    assert look(issue) == []


def test_a_closed_issue_keeps_what_was_said(project, issue, bad):
    rate(project, bad[0], comment=SAME[0])
    look(issue)
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.RESOLVED)

    rate(project, bad[1], comment=OTHER)

    assert [theme.comments for theme in look(issue)] == [(SAME[0],)]


def test_themes_of_another_embedding_are_made_anew(project, issue, bad):
    rate(project, bad[0], comment=SAME[0])
    look(issue)
    IssueTheme.objects.update(embedding_version="older")

    (theme,) = look(issue)

    assert theme.count == 1
    assert IssueTheme.objects.get().embedding_version != "older"
