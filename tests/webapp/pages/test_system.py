"""Owners of an installation see on one page how it is; nobody else sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.models import BackupKind, BackupRun, BackupState
from tests.prompt_registry.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    user = make_user(is_owner=True)
    client.force_login(user)
    return user


def page(client) -> str:
    response = client.get("/system/")
    assert response.status_code == 200
    return response.content.decode()


def test_for_others_it_does_not_exist(client):
    client.force_login(make_user())

    assert client.get("/system/").status_code == 404


def test_it_says_when_no_backup_was_ever_made(client, owner):
    text = page(client)

    assert "none was ever made" in text
    assert "No backup yet" in text


def test_it_says_when_a_backup_was_last_brought_back(client, owner):
    for kind in (BackupKind.MADE, BackupKind.CHECKED):
        BackupRun.objects.create(
            kind=kind, state=BackupState.DONE, ended_at=timezone.now(), file="callboard-1.dump", rows=12, samples=5
        )

    text = page(client)

    assert "brought back and compared" in text
    assert "callboard-1.dump" in text


def test_a_backup_that_nobody_brought_back_for_long_is_a_warning(client, owner):
    BackupRun.objects.create(kind=BackupKind.MADE, state=BackupState.DONE, ended_at=timezone.now())
    proved = BackupRun.objects.create(kind=BackupKind.CHECKED, state=BackupState.DONE, ended_at=timezone.now())
    BackupRun.objects.filter(pk=proved.pk).update(started_at=timezone.now() - timedelta(days=11))

    assert "none was brought back lately" in page(client)


def test_the_reason_of_a_failed_backup_is_shown_as_text(client, owner):
    BackupRun.objects.create(
        kind=BackupKind.MADE, state=BackupState.FAILED, ended_at=timezone.now(), error="<script>alert(1)</script>"
    )

    assert "&lt;script&gt;alert(1)" in page(client)
