"""Folders: below the one that the operator named, a file whole or not at all."""

from __future__ import annotations

import os

import pytest

from monitoring.scheduled_exports import folders
from monitoring.scheduled_exports.errors import FolderRefused, StoreError
from monitoring.scheduled_exports.folders import FolderStore


@pytest.mark.parametrize(
    "path", ["..", "a/../b", ".hidden", "a//b", "a\\b", "a\x00b", "~", "a b", "-rf", "é", "a" * 201, "/../etc", "a/./b"]
)
def test_a_path_that_could_lead_elsewhere_is_refused(path):
    with pytest.raises(FolderRefused):
        folders.checked(path)


@pytest.mark.parametrize(("path", "kept"), [("", ""), (" /a/b-1/c_2.d/ ", "a/b-1/c_2.d")])
def test_a_plain_path_is_taken_without_the_slashes_around_it(path, kept):
    assert folders.checked(path) == kept


def test_a_file_is_written_below_the_folder_and_nothing_else_is_left_there(base):
    FolderStore("team/shop-1").put("date=2026-11-23/calls-00001.parquet", b"rows")

    assert [str(path.relative_to(base)) for path in base.rglob("*") if path.is_file()] == [
        "team/shop-1/date=2026-11-23/calls-00001.parquet"
    ]
    assert (base / "team/shop-1/date=2026-11-23/calls-00001.parquet").read_bytes() == b"rows"


def test_the_same_name_again_takes_the_place_of_the_file(base):
    store = FolderStore("shop-1")
    store.put("a.jsonl", b"old")

    store.put("a.jsonl", b"new")

    assert (base / "shop-1/a.jsonl").read_bytes() == b"new"


def test_a_link_that_leads_out_is_not_followed(base, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (base / "team").symlink_to(outside)

    with pytest.raises(StoreError, match="link that leads out"):
        FolderStore("team/shop-1").put("date=2026-11-23/a.jsonl", b"rows")

    assert list(outside.iterdir()) == []


def test_a_file_outside_is_not_removed_through_a_link(base, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jsonl").write_bytes(b"theirs")
    (base / "shop-1").symlink_to(outside)

    with pytest.raises(StoreError):
        FolderStore("shop-1").remove("a.jsonl")

    assert (outside / "a.jsonl").exists()


def test_a_mount_that_is_missing_is_not_made_up(base, settings):
    settings.EXPORT_DIR = str(base / "not mounted")

    with pytest.raises(StoreError, match="does not exist"):
        FolderStore("shop-1").put("a.jsonl", b"rows")

    assert not (base / "not mounted").exists()


def test_without_a_folder_nothing_is_written(settings):
    settings.EXPORT_DIR = ""

    with pytest.raises(StoreError, match="CALLBOARD_EXPORT_DIR"):
        FolderStore("shop-1")


def test_what_a_killed_worker_left_is_removed_when_the_file_is_written_again(base):
    store = FolderStore("shop-1")
    store.put("a.jsonl", b"rows")
    left = base / "shop-1/.a.jsonl.99999.tmp"
    left.write_bytes(b"ro")
    os.utime(left, (0, 0))

    store.put("a.jsonl", b"rows")

    assert [path.name for path in (base / "shop-1").iterdir()] == ["a.jsonl"]
