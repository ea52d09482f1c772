"""A backup holds one moment of everything, is private, and never holds the master key."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime

import psycopg
import pytest

from projects import secrets
from webapp.backups import files, making
from webapp.backups.errors import BackupFailed, NotABackup
from webapp.backups.servers import Server

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


def test_a_backup_says_what_it_holds(server, tmp_path):
    backup = making.make(server=server, directory=tmp_path, now=NOW)

    rows = {name: table.rows for name, table in backup.contents.tables.items()}
    assert rows == {"span": 3000, "note": 50, "keyless": 2}
    assert len(backup.contents.tables["span"].samples) == 1000
    assert files.read(backup.path) == backup


def test_what_is_written_while_it_is_made_is_not_in_it(server, tmp_path, monkeypatch):
    dump = making._dump

    def write_first(*args):
        with psycopg.connect(server.url) as other:
            other.execute("INSERT INTO keyless VALUES ('late')")
        dump(*args)

    monkeypatch.setattr(making, "_dump", write_first)

    backup = making.make(server=server, directory=tmp_path, now=NOW)

    assert backup.contents.tables["keyless"].rows == 2


def test_nobody_else_can_read_it_and_the_master_key_is_not_in_it(server, tmp_path):
    backup = making.make(server=server, directory=tmp_path / "new", now=NOW)

    files_made = [backup.path, backup.manifest]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files_made] == [0o600, 0o600]
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    key = secrets._master_key().hex()
    assert backup.key_id == secrets.key_id()
    assert key not in backup.manifest.read_text()


def test_a_backup_that_fails_leaves_nothing_behind(server, tmp_path, monkeypatch):
    monkeypatch.setattr(making, "run_program", lambda *args, **options: (_ for _ in ()).throw(BackupFailed("no room")))

    with pytest.raises(BackupFailed, match="no room"):
        making.make(server=server, directory=tmp_path, now=NOW)

    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_not_there_is_said_in_words(server, tmp_path):
    nowhere = Server(server.beside("nowhere_at_all"))

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        making.make(server=nowhere, directory=tmp_path, now=NOW)

    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_are_kept(server, tmp_path):
    for hour in (1, 2, 3):
        making.make(server=server, directory=tmp_path, now=NOW.replace(hour=hour))

    gone = files.remove_old(tmp_path, keep_newest=2)

    assert [path.name for path in gone] == ["callboard-20261129-010000.dump"]
    assert [backup.made_at.hour for backup in files.newest_first(tmp_path)] == [3, 2]
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', json.dumps({"format": 1, "made_at": "soon"})])
def test_what_is_no_backup_is_said_to_be_none(tmp_path, text):
    (tmp_path / "callboard-1.dump").write_bytes(b"PGDMP")
    (tmp_path / "callboard-1.json").write_text(text)

    with pytest.raises(NotABackup):
        files.read(tmp_path / "callboard-1.dump")

    assert files.newest_first(tmp_path) == []
