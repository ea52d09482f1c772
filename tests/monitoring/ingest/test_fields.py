"""Attributes are sorted in one pass, whatever order they come in."""

from __future__ import annotations

from itertools import permutations

import pytest

from monitoring.ingest import dialects, fields
from monitoring.ingest.limits import MAX_VALUE_CHARS


@pytest.mark.parametrize("order", list(permutations(enumerate(dialects.MODEL[:3]))))
def test_the_first_name_in_order_of_precedence_wins_wherever_it_stands(order: tuple[tuple[int, str], ...]) -> None:
    found = fields.sort({name: f"model {rank}" for rank, name in order})

    assert found.fields["model"] == "model 0"
    assert len(found.kept) == 3


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_value_leaves_the_field_to_the_next_name(nothing: object) -> None:
    found = fields.sort({"gen_ai.response.model": nothing, "gen_ai.request.model": "gpt-4o"})

    assert found.fields["model"] == "gpt-4o"


def test_zero_is_a_value() -> None:
    assert fields.sort({"gen_ai.usage.input_tokens": 0}).fields == {"input_tokens": 0}


def test_payloads_are_left_out_and_metadata_is_kept_apart() -> None:
    found = fields.sort(
        {"input.value": "x", "llm.input_messages.0.message.content": "y", "callboard.metadata.tenant": "acme", "z": 1}
    )

    assert (found.kept, found.metadata, found.was_cut) == ({"z": 1}, {"tenant": "acme"}, False)


def test_a_long_value_is_cut_and_reported_but_a_long_payload_is_neither() -> None:
    long = "x" * (MAX_VALUE_CHARS + 1)

    assert fields.sort({"z": long}).kept == {"z": long[:MAX_VALUE_CHARS]}
    assert fields.sort({"z": long}).was_cut
    assert not fields.sort({"input.value": long}).was_cut
