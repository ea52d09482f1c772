"""Filling in blanks: the vectors shared with the SDK, and properties that hold for any text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry.errors import OutputTooLarge, TemplateTooLarge, TooManyVariables
from prompt_registry.rendering import MAX_TEMPLATE_BYTES, pieces_of, render_messages, render_text, variables_in

VECTORS = json.loads((Path(__file__).parents[1] / "contract" / "rendering.json").read_text("utf-8"))
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_server_fills_in_like_the_sdk(vector: dict[str, Any]) -> None:
    if "messages" in vector:
        chat = render_messages(vector["messages"], vector["values"])
        found, missing = chat.messages, chat.missing
    else:
        text = render_text(vector["template"], vector["values"])
        found, missing = text.text, text.missing

    assert found == vector["expected"]
    assert list(missing) == vector["missing"]


@given(st.text(), st.dictionaries(NAMES, st.text()))
def test_text_without_blanks_stays_as_it_is(template: str, values: dict[str, str]) -> None:
    literal = template.replace("{{", "{ {")

    assert render_text(literal, values).text == literal


@given(NAMES, st.text())
def test_a_value_is_never_expanded_again(name: str, value: str) -> None:
    rendered = render_text(f"<{{{{ {name} }}}}>", {name: f"{{{{{name}}}}}{value}"})

    assert rendered.text == f"<{{{{{name}}}}}{value}>"


@given(st.lists(st.one_of(st.text(alphabet="ab{} \n", max_size=8), NAMES.map(lambda name: f"{{{{{name}}}}}"))))
def test_without_values_nothing_changes_and_every_blank_is_missing(parts: list[str]) -> None:
    template = "".join(parts)

    rendered = render_text(template, {})

    assert rendered.text == template
    assert rendered.missing == variables_in([template])


@given(
    st.text(alphabet="ab{}_ .-1", max_size=60),
    st.dictionaries(st.sampled_from(["a", "b", "a1", "_"]), st.text(max_size=5)),
)
def test_the_pieces_of_a_page_are_the_rendered_text(template: str, values: dict[str, str]) -> None:
    pieces = pieces_of(template, values)

    assert "".join(piece.text for piece in pieces) == render_text(template, values).text


def test_a_template_over_256_kib_is_refused() -> None:
    with pytest.raises(TemplateTooLarge):
        render_text("é" * (MAX_TEMPLATE_BYTES // 2 + 1), {})


def test_ten_thousand_blanks_are_the_limit() -> None:
    render_text("".join(f"{{{{v{number}}}}}" for number in range(10_000)), {})

    with pytest.raises(TooManyVariables):
        render_text("".join(f"{{{{v{number}}}}}" for number in range(10_001)), {})


def test_output_stops_at_4_mib_before_memory_fills() -> None:
    with pytest.raises(OutputTooLarge):
        render_text("{{a}}" * 40_000, {"a": "x" * 100_000})


def test_a_placeholder_takes_messages_and_nothing_else() -> None:
    messages = [{"type": "placeholder", "name": "history"}, {"role": "user", "content": "{{q}}"}]

    rendered = render_messages(messages, {"history": [{"role": "user", "content": "{{q}}"}, "noise"], "q": "hi"})

    assert rendered.messages == [{"role": "user", "content": "{{q}}"}, {"role": "user", "content": "hi"}]
