import os
import stat

import pytest

from webapp.cli import instance, layouts
from webapp.cli.layouts import Layout
from webapp.supervisor.errors import DataDirectoryNotUsable

ADDRESSES = {
    "url": "http://127.0.0.1:8400",
    "live_url": "http://127.0.0.1:8401",
    "database_url": "postgresql:///x",
    "redis_url": "redis://",
}


@pytest.fixture
def layout(tmp_path) -> Layout:
    layout = Layout(tmp_path / "data")
    layouts.make(layout)
    return layout


def test_a_running_callboard_is_found_by_its_data_directory(layout):
    instance.announce(layout, **ADDRESSES)

    found = instance.running(layout)

    assert found is not None
    assert (found.url, found.pid) == ("http://127.0.0.1:8400", os.getpid())


def test_how_to_reach_it_is_for_its_owner_only(layout):
    instance.announce(layout, **ADDRESSES)

    assert stat.S_IMODE(layout.connection.stat().st_mode) == 0o600


def test_one_that_was_killed_does_not_count_as_running(layout):
    instance.announce(layout, **ADDRESSES)
    layout.connection.write_text(layout.connection.read_text().replace(f'"pid": {os.getpid()}', '"pid": 999999999'))

    assert instance.running(layout) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json"])
def test_a_broken_file_counts_as_not_running(layout, text):
    layout.connection.write_text(text)

    assert instance.running(layout) is None


def test_a_verb_without_a_database_says_how_to_start_one(callboard, tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")

    outcome = callboard("migrate", "--data-dir", str(tmp_path))

    assert outcome.code == 1
    assert outcome.err == (
        "callboard: Callboard is not running. "
        "Start it with `callboard up`, or set DATABASE_URL to the database of your installation.\n"
    )


def test_a_verb_finds_the_database_of_the_callboard_that_runs_here(layout, monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    instance.announce(layout, **ADDRESSES)

    instance.adopt(str(layout.directory))

    assert os.environ["DATABASE_URL"] == "postgresql:///x"
    assert os.environ["CALLBOARD_URL"] == "http://127.0.0.1:8400"
    assert os.environ["CALLBOARD_SECRET_KEY"] == (layout.secrets / "secret.key").read_text().strip()


def test_everything_in_a_data_directory_is_for_its_owner_only(layout):
    assert {stat.S_IMODE(path.stat().st_mode) for path in (layout.directory, *layout.directory.iterdir())} == {0o700}


def test_a_disk_that_is_nearly_full_is_refused_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(layouts, "LEAST_FREE", 2**60)

    with pytest.raises(DataDirectoryNotUsable, match=r"Only \d+ MB are free on the disk of .* Free some space"):
        layouts.make(Layout(tmp_path / "data"))
