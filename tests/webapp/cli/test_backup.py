"""`callboard backup` and `callboard restore`, as a person at the terminal sees them."""

from __future__ import annotations

import pytest
from django.conf import settings

from projects.models import BackupKind, BackupRun
from tests.webapp.backups.conftest import address_of_tests
from webapp.backups import restoring

pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", address_of_tests())


def test_the_commands_make_one_and_prove_it(callboard, tmp_path):
    made = callboard("backup", "--to", str(tmp_path), "--check", "--json")
    proved = callboard("restore", made.facts["file"], "--check")

    assert (made.code, made.facts["checked"], proved.code) == (0, True, 0)
    assert "is what went in" in proved.out


def test_what_was_under_way_in_a_backup_is_not_under_way_once_it_is_back(callboard, tmp_path, monkeypatch):
    made = callboard("backup", "--to", str(tmp_path), "--json")
    BackupRun.objects.create(kind=BackupKind.MADE)
    monkeypatch.setattr(restoring, "replace", lambda **_: "callboard_before")

    outcome = callboard("restore", made.facts["file"], "--yes", "--json")

    assert (outcome.code, outcome.facts["kept_as"]) == (0, "callboard_before")
    assert not BackupRun.objects.filter(state="running").exists()


def test_without_a_yes_nothing_is_replaced(callboard, tmp_path):
    made = callboard("backup", "--to", str(tmp_path), "--json")

    outcome = callboard("restore", made.facts["file"], "--json")

    assert (outcome.code, "Nothing was changed" in outcome.facts["error"]) == (1, True)
