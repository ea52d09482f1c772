"""The client fills in prompts exactly as the shared vectors say."""

import json
from pathlib import Path
from typing import Any

import pytest
from callboard import rendering

VECTORS = json.loads((Path(__file__).parent / "rendering.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_client_renders_as_the_vector_says(vector: dict[str, Any]) -> None:
    if "template" in vector:
        text = rendering.render_text(vector["template"], vector["values"])
        rendered, missing = text.text, text.missing
    else:
        chat = rendering.render_messages(vector["messages"], vector["values"])
        rendered, missing = chat.messages, chat.missing

    assert rendered == vector["expected"]
    assert list(missing) == vector["missing"]


def test_vectors_have_different_names() -> None:
    names = [vector["name"] for vector in VECTORS]

    assert len(names) >= 60
    assert len(set(names)) == len(names)
