"""Which conversations began with what was live before, as many processes of a machine know it together."""

import os
import time

from callboard.old_talks import OldTalks


def _talks(directory, key="one"):
    return OldTalks(directory, scope="http://callboard", secret=key)


def test_what_one_adds_another_knows_also_later(tmp_path):
    one, other = _talks(tmp_path), _talks(tmp_path)
    seen = [other.has("r-1", "first")]
    one.add("r-1", "first")
    seen.append(other.has("r-1", "first"))
    one.add("r-1", "second")

    assert seen == [False, True]
    assert other.has("r-1", "second")
    assert _talks(tmp_path).has("r-1", "first")


def test_another_rollout_and_another_key_know_nothing_of_it(tmp_path):
    _talks(tmp_path).add("r-1", "first")

    assert not _talks(tmp_path).has("r-2", "first")
    assert not _talks(tmp_path, key="two").has("r-1", "first")


def test_the_disk_holds_no_id_and_a_conversation_only_once(tmp_path):
    talks = _talks(tmp_path)
    for _ in range(3):
        talks.add("r-1", "anna@example.org")

    [file] = tmp_path.iterdir()
    assert file.stat().st_size == 8
    assert b"anna" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_torn_entry_is_left_out(tmp_path):
    talks = _talks(tmp_path)
    talks.add("r-1", "first")
    [file] = tmp_path.iterdir()
    with file.open("ab") as torn:
        torn.write(b"abc")

    assert _talks(tmp_path).has("r-1", "first")
    assert not _talks(tmp_path).has("r-1", "other")


def test_a_directory_that_cannot_be_written_costs_only_the_sharing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    talks = _talks(tmp_path / "file")
    talks.add("r-1", "first")

    assert talks.has("r-1", "first")
    assert not talks.has("r-1", "second")


def test_files_of_rollouts_that_are_long_over_are_removed(tmp_path):
    _talks(tmp_path).add("r-1", "first")
    [old] = tmp_path.iterdir()
    long_ago = time.time() - 61 * 24 * 3600
    os.utime(old, (long_ago, long_ago))

    _talks(tmp_path).add("r-2", "second")

    assert old not in list(tmp_path.iterdir())
