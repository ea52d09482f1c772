"""Backups of a real installation are made one at a time, brought back, and written down."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from projects.models import BackupKind, BackupRun, BackupState
from tests.monitoring.factories import make_trace
from tests.prompt_registry.factories import make_project, make_prompt, make_version
from tests.webapp.backups.conftest import address_of_tests
from webapp.backups import keeping, records
from webapp.backups.errors import BackupFailed
from webapp.backups.servers import Server

pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)


@pytest.fixture
def here() -> Server:
    return Server(address_of_tests())


def test_a_real_installation_comes_out_of_its_backup_and_both_are_written_down(here, tmp_path):
    project = make_project()
    make_version(make_prompt(project))
    make_trace(project)

    backup = keeping.make(server=here, directory=tmp_path, keep_newest=3)
    keeping.check(server=here, backup=backup)

    runs = [(run.kind, run.state, run.file) for run in BackupRun.objects.order_by("pk")]
    assert runs == [(kind, "done", backup.path.name) for kind in ("made", "checked")]
    assert backup.contents.tables["span"].rows >= 1
    assert records.last_done(BackupKind.CHECKED).samples > 0


def test_two_at_a_time_are_refused(here, tmp_path):
    with psycopg.connect(here.url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [keeping._LOCK])

        with pytest.raises(BackupFailed, match="Another backup"):
            keeping.make(server=here, directory=tmp_path, keep_newest=3)

    assert not BackupRun.objects.exists()


def test_a_failure_is_written_down_with_its_reason(here, tmp_path):
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(OSError, match="file"):
        keeping.make(server=here, directory=tmp_path / "file", keep_newest=3)

    run = BackupRun.objects.get()
    assert (run.state, "file" in run.error, run.ended_at is not None) == (BackupState.FAILED, True, True)


def test_what_a_killed_process_left_open_is_closed_by_the_next(here, tmp_path):
    BackupRun.objects.create(kind=BackupKind.MADE)

    keeping.make(server=here, directory=tmp_path, keep_newest=3)

    assert list(BackupRun.objects.order_by("pk").values_list("state", flat=True)) == ["failed", "done"]


def test_one_is_due_when_the_last_good_one_is_old():
    def due() -> bool:
        return keeping.round_is_due(BackupKind.MADE, timedelta(hours=24))

    said = [due()]
    BackupRun.objects.create(kind=BackupKind.MADE, state=BackupState.FAILED, ended_at=timezone.now())
    said.append(due())
    run = BackupRun.objects.create(kind=BackupKind.MADE, state=BackupState.DONE, ended_at=timezone.now())
    said.append(due())
    BackupRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(hours=25))

    assert [*said, due()] == [True, True, False, True]
