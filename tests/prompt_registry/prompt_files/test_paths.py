"""Paths of prompt files: every name has one, and none leads out of the directory."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_registry.prompt_files import paths

ROOT = PurePosixPath("/srv/prompts")
PARTS = ["/", "..", ".", "\\", "a", "A", "con", ".md", ".git", "~", "%", ":", "\x00", "é", " ", "*", "\u202e", "-"]
hostile = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=10).map("".join)


@settings(deadline=None)
@given(hostile)
def test_no_name_leads_out_of_the_directory(name):
    path = paths.of_name(name)

    parts = PurePosixPath(path).parts
    assert not path.startswith("/")
    assert not {"..", "."} & set(parts)
    assert PureWindowsPath(path).drive == ""
    assert "\\" not in path
    assert not any(part.startswith(".") for part in parts)
    assert all(len(part.encode()) < 255 for part in parts)


@settings(deadline=None)
@given(st.lists(hostile, min_size=2, max_size=2, unique=True))
def test_different_names_have_different_paths(names):
    first, second = (paths.of_name(name) for name in names)

    assert first != second
    assert not second.startswith(f"{first}/")


def test_folders_are_folders_and_plain_names_stay_readable():
    assert paths.of_name("support/Rückfragen zu AGB/v2.1") == "support/Rückfragen zu AGB/v2.1.md"


def test_names_that_some_systems_take_for_the_same_have_a_second_path():
    assert paths.of_name_beside("Answer") != paths.of_name_beside("answer")
    assert paths.of_name_beside("Answer").startswith("Answer~")
