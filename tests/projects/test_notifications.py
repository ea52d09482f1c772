"""A notification reaches the members it is meant for, and leads to a page of this site only."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.db.models.functions import Now

from projects import members, notifications
from projects.models import Channel, Membership, Notification, NotificationMail
from projects.roles import Action, Role
from tests.projects.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db


def test_only_members_are_told():
    project = make_project()
    member, stranger = make_member(project=project), make_user()

    notifications.tell(
        project=project, to=[member, stranger], kind="test", sentence="Something happened.", path="/p/x/"
    )

    assert [told.user for told in Notification.objects.all()] == [member]


def test_a_long_sentence_is_cut():
    project = make_project()

    notifications.tell(
        project=project, to=[make_member(project=project)], kind="test", sentence="a\x00" * 400, path="/p/x/"
    )

    assert len(Notification.objects.get().sentence) == 300


@pytest.mark.parametrize("path", ["https://example.org/", "//example.org/"])
def test_a_notification_never_leads_away(path):
    project = make_project()

    with pytest.raises(IntegrityError):
        notifications.tell(project=project, to=[make_member(project=project)], kind="test", sentence="Look.", path=path)


def test_those_who_may_publish_are_found_by_name():
    project = make_project()
    make_member(project=project, role=Role.EDITOR)
    approver = make_member(project=project, role=Role.APPROVER)

    assert notifications.who_may(project=project, action=Action.PUBLISH) == [approver]


def tell(project, user, kind: str = "mention", sentence: str = "Look.") -> None:
    notifications.tell(project=project, to=[user], kind=kind, sentence=sentence, path="/p/x/")


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def member(project):
    return make_member(project=project)


def test_only_what_was_not_read_is_counted(project, member):
    tell(project, member)
    tell(project, member)
    notifications.mark_read(notifications=Notification.objects.filter(pk=Notification.objects.first().pk))

    assert notifications.unread_count(member) == 1


def test_counting_is_one_query_that_stops_at_a_hundred(project, member, django_assert_num_queries):
    Notification.objects.bulk_create(
        Notification(project=project, user=member, kind="mention", sentence="Look.", path="/") for _ in range(150)
    )

    with django_assert_num_queries(1):
        assert notifications.unread_count(member) == 100


def test_pages_follow_one_another_without_a_gap(project, member):
    Notification.objects.bulk_create(
        # All of one moment, as those that one change brings.
        Notification(project=project, user=member, kind="mention", sentence=str(n), path="/", created_at=Now())
        for n in range(5)
    )

    first, has_more = notifications.listed(user=member, limit=3)
    rest, has_even_more = notifications.listed(user=member, before=first[-1].pk, limit=3)

    assert [one.sentence for one in [*first, *rest]] == ["4", "3", "2", "1", "0"]
    assert (has_more, has_even_more) == (True, False)


def test_the_page_before_somebody_elses_notification_is_the_first(project, member):
    tell(project, make_member(project=project))
    tell(project, member)

    found, _ = notifications.listed(user=member, before=Notification.objects.first().pk, limit=5)

    assert [one.user for one in found] == [member]


def test_who_wants_to_hear_nothing_of_a_kind_hears_nothing_of_it(project, member):
    notifications.choose(user=member, channels={"mention": Channel.OFF, "no such kind": Channel.OFF})

    tell(project, member)
    tell(project, member, kind="approved")

    assert [one.kind for one in Notification.objects.all()] == ["approved"]


def test_a_choice_that_does_not_exist_is_refused(member):
    with pytest.raises(ValueError, match="pigeon"):
        notifications.choose(user=member, channels={"mention": "pigeon"})


def test_every_kind_has_a_default_and_keeps_what_was_chosen(member):
    before = notifications.choices_of(member)

    notifications.choose(user=member, channels={"published": Channel.DAILY})

    assert before["published"] == Channel.IN_APP
    assert notifications.choices_of(member) == before | {"published": Channel.DAILY}


def test_a_kind_that_nobody_described_counts_as_everything_else(project, member):
    notifications.choose(user=member, channels={"other": Channel.OFF})

    tell(project, member, kind="quite new")

    assert not Notification.objects.exists()


def test_who_leaves_a_project_loses_its_notifications(project, member):
    other = make_project()
    members.add(project=other, user=member, role=Role.VIEWER)
    tell(project, member)
    tell(other, member)

    members.remove(membership=Membership.objects.get(project=project, user=member), by=member)

    assert [one.project for one in Notification.objects.all()] == [other]


def test_without_a_mail_server_no_mail_is_planned(project, member, settings):
    settings.IS_MAIL_CONFIGURED = False

    tell(project, member)

    assert Notification.objects.count() == 1
    assert not NotificationMail.objects.exists()


@pytest.mark.parametrize(
    ("news", "kind"),
    [
        ("approval.asked", "approval_asked"),
        ("approval.changes", "changes_asked"),
        ("schedule.failed", "schedule_failed"),
        ("spending.near_limit", "budget"),
    ],
)
def test_exact_news_follow_the_choice_for_their_kind(project, member, news, kind):
    notifications.choose(user=member, channels={kind: Channel.OFF})

    tell(project, member, kind=news)

    assert not Notification.objects.exists()
