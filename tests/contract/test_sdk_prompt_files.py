"""The client reads and writes prompt files exactly as the shared vectors say."""

from __future__ import annotations

from typing import Any

import pytest
from callboard.cli import prompt_markdown as markdown
from callboard.cli import prompt_paths as paths
from callboard.cli.prompt_file_errors import FileNotReadable

from tests.contract.test_prompt_files import BY_HAND, FILES, PATHS, REFUSED, told, vector


@pytest.mark.parametrize("case", FILES)
def test_client_writes_the_file(case: str) -> None:
    document, file = vector(case)

    assert markdown.write(document) == file


@pytest.mark.parametrize("case", FILES)
def test_client_reads_the_file(case: str) -> None:
    document, file = vector(case)

    assert markdown.read(file) == told(document)


@pytest.mark.parametrize("case", BY_HAND, ids=lambda case: case["case"])
def test_client_reads_what_was_written_by_hand(case: dict[str, Any]) -> None:
    assert markdown.read(case["file"], name="from the path") == case["document"]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_client_says_what_is_wrong(case: dict[str, Any]) -> None:
    with pytest.raises(FileNotReadable) as caught:
        markdown.read(case["file"])

    assert str(caught.value) == case["sentence"]


@pytest.mark.parametrize("name", PATHS)
def test_client_knows_where_the_file_lies(name: str) -> None:
    assert paths.of_name(name) == PATHS[name]
