"""A directory of prompt files: nothing outside of it is read or written."""

from __future__ import annotations

import pytest
from callboard.cli.main import CommandError
from callboard.cli.prompt_directory import Base, PromptDirectory

FILE = "---\nname: {name}\n---\n\nHi\n"


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "prompts").mkdir()
    return PromptDirectory(tmp_path / "prompts")


def test_a_link_that_leads_out_is_not_read(directory, tmp_path):
    (tmp_path / "secret.md").write_text(FILE.format(name="secret"))
    (directory.root / "a.md").symlink_to(tmp_path / "secret.md")

    [one] = directory.files()

    assert (one.document, one.problem) == (None, "it is a link that leads out of the directory")


def test_a_link_to_a_folder_outside_is_not_written_through(directory, tmp_path):
    (directory.root / "folder").symlink_to(tmp_path)

    with pytest.raises(CommandError, match="would lie outside"):
        directory.write("folder/a.md", "x")
    assert not (tmp_path / "a.md").exists()


def test_hidden_folders_are_not_read(directory):
    (directory.root / ".git").mkdir()
    (directory.root / ".git/a.md").write_text(FILE.format(name="a"))

    assert directory.files() == []


def test_a_file_that_is_no_text_is_named(directory):
    (directory.root / "a.md").write_bytes(b"---\xff\n")

    assert directory.files()[0].problem == "it is not text in UTF-8"


def test_names_that_only_differ_in_capitals_get_different_files(directory):
    taken = {"Answer.md": "Answer"}

    assert directory.path_for("Answer", taken) == "Answer.md"
    assert directory.path_for("answer", taken).startswith("answer~")


def test_the_lock_is_the_same_however_it_came_about(directory):
    for name in ("b", "a"):
        directory.note(name, Base(1, "f"))
    directory.save_lock()
    first = (directory.root / "prompts.lock.json").read_text()

    again = PromptDirectory(directory.root)
    again.save_lock()

    assert (directory.root / "prompts.lock.json").read_text() == first
    assert first.index('"a"') < first.index('"b"')


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 1, "project": "", "prompts": {"a": 5}}', "[" * 100_000]
)
def test_a_lock_that_is_none_is_refused_in_one_sentence(directory, content):
    (directory.root / "prompts.lock.json").write_text(content)

    with pytest.raises(CommandError, match="cannot be read"):
        PromptDirectory(directory.root)


def test_a_lock_of_a_newer_version_is_left_alone(directory):
    (directory.root / "prompts.lock.json").write_text('{"format": 2}')

    with pytest.raises(CommandError, match="newer version of callboard"):
        PromptDirectory(directory.root)
