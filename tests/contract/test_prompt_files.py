"""The server reads and writes prompt files exactly as the shared vectors say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prompt_registry.errors import FileNotReadable
from prompt_registry.prompt_files import markdown, paths

FOLDER = Path(__file__).parent / "prompt_files"
BY_HAND = json.loads((FOLDER / "by_hand.json").read_text(encoding="utf-8"))
REFUSED = json.loads((FOLDER / "refused.json").read_text(encoding="utf-8"))
PATHS = json.loads((FOLDER / "paths.json").read_text(encoding="utf-8"))
FILES = sorted(path.stem for path in FOLDER.glob("*.md"))


def vector(case: str) -> tuple[dict[str, Any], str]:
    """Return the document and the file of a case."""
    document = json.loads((FOLDER / f"{case}.json").read_text(encoding="utf-8"))
    return document, (FOLDER / f"{case}.md").read_bytes().decode()


def told(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without what a file does not say: properties of blanks that are empty."""
    variables = [{name: value for name, value in variable.items() if value != ""} for variable in document["variables"]]
    return {**document, "variables": variables}


@pytest.mark.parametrize("case", FILES)
def test_server_writes_the_file(case: str) -> None:
    document, file = vector(case)

    assert markdown.write(document) == file


@pytest.mark.parametrize("case", FILES)
def test_server_reads_the_file(case: str) -> None:
    document, file = vector(case)

    assert markdown.read(file) == told(document)


@pytest.mark.parametrize("case", BY_HAND, ids=lambda case: case["case"])
def test_server_reads_what_was_written_by_hand(case: dict[str, Any]) -> None:
    assert markdown.read(case["file"], name="from the path") == case["document"]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_server_says_what_is_wrong(case: dict[str, Any]) -> None:
    with pytest.raises(FileNotReadable) as caught:
        markdown.read(case["file"])

    assert str(caught.value) == case["sentence"]


@pytest.mark.parametrize("name", PATHS)
def test_server_knows_where_the_file_lies(name: str) -> None:
    assert paths.of_name(name) == PATHS[name]


def test_there_are_vectors() -> None:
    assert len(FILES) >= 14
    assert len(REFUSED) >= 20
