"""A notification reaches the members it is meant for, and leads to a page of this site only."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from projects import notifications
from projects.models import Notification
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
