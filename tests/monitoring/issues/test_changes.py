"""What people do with issues."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.issues import changes
from monitoring.issues.errors import (
    IssueMerged,
    IssueNotMerged,
    MergeIntoItself,
    MuteTooShort,
    NothingToSplit,
    OfAnotherProject,
    OwnerNotMember,
    ReasonMissing,
    StateForbids,
    TextTooLong,
    TitleMissing,
)
from monitoring.issues.models import Happening, Issue, IssueEvent, IssueState
from monitoring.streams.scopes import Scope
from projects.models import AuditEvent, Notification
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.monitoring.issues.factories import listen, make_cluster, make_issue
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def by(project):
    return make_member(project=project, role=Role.EDITOR, name="Ann")


@pytest.fixture
def issue(project):
    return make_issue(project)


def state(issue: Issue) -> str:
    issue.refresh_from_db()
    return issue.state


def test_an_issue_gets_an_owner_who_is_told(project, issue, by):
    owner = make_member(project=project, role=Role.EDITOR, name="Ben")

    assert changes.assign(issue=issue, owner=owner, by=by).owner == owner

    assert Notification.objects.get(user=owner).sentence.startswith(f"Issue {issue.number} is yours now: ")
    event = IssueEvent.objects.get(issue=issue)
    assert (event.kind, event.old, event.new, event.by) == (Happening.ASSIGNED, "", "Ben", by)
    assert AuditEvent.objects.get(action="issue.assigned").user == by


def test_giving_it_to_the_same_person_again_changes_nothing(issue, by):
    changes.assign(issue=issue, owner=by, by=by)
    changes.assign(issue=issue, owner=by, by=by)

    assert IssueEvent.objects.filter(issue=issue).count() == 1


def test_only_members_who_may_care_for_issues_own_them(project, issue, by):
    stranger = make_member(project=make_project(), role=Role.ADMIN)
    viewer = make_member(project=project, role=Role.VIEWER)

    for owner in (stranger, viewer):
        with pytest.raises(OwnerNotMember):
            changes.assign(issue=issue, owner=owner, by=by)


def test_a_viewer_and_a_stranger_change_nothing(project, issue):
    viewer = make_member(project=project, role=Role.VIEWER)
    stranger = make_member(project=make_project(), role=Role.ADMIN)

    for user in (viewer, stranger):
        with pytest.raises(NotAllowed):
            changes.resolve(issue=issue, reason="Gone.", by=user)
    assert state(issue) == IssueState.OPEN


def test_a_note_is_kept_and_told_to_the_owner(project, issue, by):
    owner = make_member(project=project, role=Role.EDITOR)
    changes.assign(issue=issue, owner=owner, by=owner)

    changes.note(issue=issue, text="  It is the\x00 new tone.  ", by=by)

    assert IssueEvent.objects.get(kind=Happening.NOTED).note == "It is the new tone."
    assert Notification.objects.filter(user=owner, kind="issue.noted").count() == 1


@pytest.mark.parametrize(("text", "error"), [(" \n", ReasonMissing), ("x" * 4001, TextTooLong)])
def test_an_empty_or_endless_note_is_refused(issue, by, text, error):
    with pytest.raises(error):
        changes.note(issue=issue, text=text, by=by)


def test_a_title_of_ones_own_is_kept_until_it_is_given_up(issue, by):
    changes.rename(issue=issue, title=" Refunds\n are refused ", by=by)
    issue.refresh_from_db()
    assert (issue.title, issue.is_title_own) == ("Refunds are refused", True)

    changes.rename(issue=issue, title="", by=by)
    issue.refresh_from_db()
    assert (issue.title, issue.is_title_own) == ("Refunds are refused", False)

    with pytest.raises(TitleMissing):
        changes.rename(issue=issue, title=" ", by=by)


def test_muting_leaves_an_issue_alone_until_a_day_and_unmuting_brings_back_where_it_was(issue, by):
    changes.start_fix(issue=issue, by=by)
    until = timezone.now() + timedelta(days=3)

    changes.mute(issue=issue, until=until, by=by)
    issue.refresh_from_db()
    assert (issue.state, issue.muted_until) == (IssueState.MUTED, until)

    changes.mute(issue=issue, until=None, by=by)
    changes.unmute(issue=issue, by=by)
    issue.refresh_from_db()
    assert (issue.state, issue.muted_until) == (IssueState.IN_FIX, None)


@pytest.mark.parametrize("days", [-1, 400])
def test_a_mute_ends_within_a_year(issue, by, days):
    with pytest.raises(MuteTooShort):
        changes.mute(issue=issue, until=timezone.now() + timedelta(days=days), by=by)


def test_resolving_needs_a_reason_and_keeps_the_level_to_compare_with(issue, by):
    with pytest.raises(ReasonMissing):
        changes.resolve(issue=issue, reason=" ", by=by)

    changes.resolve(issue=issue, reason="Fixed in v12.", by=by)

    assert state(issue) == IssueState.RESOLVED
    assert issue.closed_level["rate"] == issue.usual_rate
    assert IssueEvent.objects.get(issue=issue).note == "Fixed in v12."
    with pytest.raises(StateForbids):
        changes.resolve(issue=issue, reason="Again.", by=by)


def test_a_closed_issue_is_opened_again_with_a_reason(issue, by):
    changes.resolve(issue=issue, reason="Gone.", by=by)

    changes.reopen(issue=issue, reason="I saw it again.", by=by)

    assert (state(issue), issue.closed_level) == (IssueState.OPEN, None)
    with pytest.raises(StateForbids):
        changes.reopen(issue=issue, reason="Once more.", by=by)


def test_whoever_starts_a_fix_of_an_issue_without_owner_owns_it(issue, by):
    changes.start_fix(issue=issue, by=by)

    assert (state(issue), issue.owner) == (IssueState.IN_FIX, by)
    with pytest.raises(StateForbids):
        changes.start_fix(issue=issue, by=by)


def test_a_closed_issue_cannot_be_muted(issue, by):
    changes.resolve(issue=issue, reason="Gone.", by=by)

    with pytest.raises(StateForbids):
        changes.mute(issue=issue, until=None, by=by)


def test_the_webhooks_hear_who_closed_it_and_why(project, issue, by):
    listen(project, "issue:resolved", by=by)

    changes.resolve(issue=issue, reason="Fixed in v12.", by=by)

    data = project.webhook_endpoints.get().deliveries.get().payload["data"]
    assert (data["reason"], data["by"], data["state"]) == ("Fixed in v12.", "Ann", "resolved")


def test_merging_gives_all_calls_to_the_other_and_unmerging_gives_them_back(project, issue, by):
    into = make_issue(project)
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.REGRESSED)

    changes.merge(issue=issue, into=into, by=by)
    assert (issue.scopes.count(), into.scopes.count()) == (0, 2)
    with pytest.raises(IssueMerged):
        changes.resolve(issue=issue, reason="Gone.", by=by)

    issue.refresh_from_db()
    changes.unmerge(issue=issue, by=by)
    assert (issue.scopes.count(), into.scopes.count(), state(issue)) == (1, 1, IssueState.REGRESSED)
    kinds = list(IssueEvent.objects.filter(issue=into).order_by("pk").values_list("kind", flat=True))
    assert kinds == [Happening.TOOK_IN, Happening.GAVE_BACK]


def test_unmerging_finds_the_calls_wherever_they_went_since(project, issue, by):
    second, third = make_issue(project), make_issue(project)
    changes.merge(issue=issue, into=second, by=by)
    changes.merge(issue=second, into=third, by=by)
    assert third.scopes.count() == 3

    issue.refresh_from_db()
    changes.unmerge(issue=issue, by=by)
    second.refresh_from_db()
    changes.unmerge(issue=second, by=by)

    assert [one.scopes.count() for one in (issue, second, third)] == [1, 1, 1]


def test_what_cannot_be_merged_is_refused(project, issue, by):
    into, foreign = make_issue(project), make_issue(make_project())
    with pytest.raises(MergeIntoItself):
        changes.merge(issue=issue, into=issue, by=by)
    with pytest.raises(OfAnotherProject):
        changes.merge(issue=issue, into=foreign, by=by)
    with pytest.raises(IssueNotMerged):
        changes.unmerge(issue=issue, by=by)
    changes.merge(issue=issue, into=into, by=by)
    with pytest.raises(IssueMerged):
        changes.merge(issue=into, into=issue, by=by)


def test_a_part_of_a_merged_issue_is_split_off(project, issue, by):
    into = make_issue(project)
    scope = issue.scopes.get().as_scope()
    changes.merge(issue=issue, into=into, by=by)

    made = changes.split(issue=into, scope=scope, by=by)

    assert made.scopes.get().as_scope() == scope
    assert (into.scopes.count(), made.number, made.state) == (1, 3, IssueState.OPEN)


def test_a_group_of_questions_is_split_off_an_issue_of_a_prompt_once(project, by):
    issue = make_issue(project, Scope("refused", prompt_name="support/answer"))
    group = make_cluster(project)
    smaller = Scope("refused", group.pk, "support/answer")

    made = changes.split(issue=issue, scope=smaller, by=by)

    assert made.scopes.get().as_scope() == smaller
    with pytest.raises(NothingToSplit):
        changes.split(issue=issue, scope=smaller, by=by)


def test_the_whole_of_an_issue_or_foreign_calls_are_not_split_off(project, issue, by):
    for scope in (issue.scopes.get().as_scope(), Scope("slow", prompt_name="other")):
        with pytest.raises(NothingToSplit):
            changes.split(issue=issue, scope=scope, by=by)
    assert Issue.objects.count() == 1
