"""A backup is proved by bringing it back, and takes the place of a database only when it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from webapp.backups import contents, making, restoring
from webapp.backups.contents import Contents, Table
from webapp.backups.errors import BackupDiffers, BackupFailed, DatabaseInUse, NotABackup

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


@pytest.fixture
def backup(server, tmp_path):
    return making.make(server=server, directory=tmp_path, now=NOW)


def test_what_comes_out_is_what_went_in(server, backup, databases):
    restoring.check(server=server, backup=backup)

    assert databases() == {server.name}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE note SET words = 'other' WHERE id = 7", "1 of 50 looked-at rows of note are missing or differ"),
        ("DELETE FROM keyless WHERE words = 'once'", "keyless has 1 rows instead of 2"),
        ("DROP TABLE keyless", "the table keyless is missing"),
    ],
)
def test_whatever_is_missing_or_differs_is_said(server, backup, statement, words):
    with psycopg.connect(server.url) as connection:
        connection.execute(statement)

        assert contents.differences(connection, backup.contents) == [words]


def test_a_backup_that_lacks_rows_is_found_out_and_the_database_beside_is_dropped(server, backup, databases):
    tables = {**backup.contents.tables, "note": Table(51)}

    with pytest.raises(BackupDiffers, match="note has 50 rows instead of 51"):
        restoring.check(server=server, backup=replace(backup, contents=Contents(tables)))

    assert databases() == {server.name}


def test_a_file_that_was_cut_off_is_refused(server, backup, databases):
    backup.path.write_bytes(backup.path.read_bytes()[:-100])

    with pytest.raises(NotABackup, match="cut off or was changed"):
        restoring.check(server=server, backup=backup)


def test_a_dump_that_cannot_be_read_is_refused_in_the_words_of_postgresql(server, backup, databases):
    backup.path.write_bytes(b"nonsense")

    with pytest.raises(BackupFailed, match="pg_restore failed: "):
        restoring.check(
            server=server, backup=replace(backup, size=8, sha256=restoring.files.digest(backup.path))
        )  # fmt: skip

    assert databases() == {server.name}


def test_it_takes_the_place_of_the_database_which_is_kept(server, backup):
    with psycopg.connect(server.url) as connection:
        connection.execute("DELETE FROM span")

    kept = restoring.replace(server=server, backup=backup, now=NOW)

    with psycopg.connect(server.url) as now, psycopg.connect(server.beside(kept)) as before:
        counts = [one.execute("SELECT count(*) FROM span").fetchone()[0] for one in (now, before)]
    assert counts == [3000, 0]
    assert kept == f"{server.name}_before_20261129_030000"


def test_a_database_is_dropped_although_somebody_is_connected(server, databases):
    with psycopg.connect(server.url):
        server.drop_database(server.name)

    assert databases() == set()


def test_when_only_one_name_could_be_changed_none_is(server, backup, databases, monkeypatch):
    monkeypatch.setattr(restoring, "_fill", lambda server, backup, name: server.drop_database(name))

    with pytest.raises(psycopg.errors.InvalidCatalogName):
        restoring.replace(server=server, backup=backup, now=NOW)

    assert databases() == {server.name}


def test_it_does_not_take_the_place_of_a_database_that_somebody_uses(server, backup, databases):
    with psycopg.connect(server.url, application_name="web") as _, pytest.raises(DatabaseInUse, match="database: web"):
        restoring.replace(server=server, backup=backup, now=NOW)

    assert databases() == {server.name}


def test_a_bad_backup_changes_nothing(server, backup, databases):
    bad = replace(backup, contents=Contents({"gone": Table(1)}))

    with pytest.raises(BackupDiffers, match="the table gone is missing"):
        restoring.replace(server=server, backup=bad, now=NOW)

    assert databases() == {server.name}
