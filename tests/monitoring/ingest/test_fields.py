"""Attributes are sorted in one pass, whatever order they come in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import pytest

from monitoring.ingest import dialects, fields
from monitoring.ingest.limits import MAX_VALUE_CHARS


@pytest.mark.parametrize("order", list(permutations(enumerate(dialects.FACTS["model"][:3]))))
def test_the_first_name_in_order_of_precedence_wins_wherever_it_stands(order: tuple[tuple[int, str], ...]) -> None:
    found = fields.sort({name: f"model {rank}" for rank, name in order})

    assert found.facts["model"] == "model 0"
    assert len(found.kept) == 3


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_value_leaves_the_field_to_the_next_name(nothing: object) -> None:
    found = fields.sort({"gen_ai.response.model": nothing, "gen_ai.request.model": "gpt-4o"})

    assert found.facts["model"] == "gpt-4o"


def test_zero_is_a_value() -> None:
    assert fields.sort({"gen_ai.usage.input_tokens": 0}).facts == {"input_tokens": 0}


def test_texts_and_metadata_are_set_apart_and_everything_else_is_kept() -> None:
    found = fields.sort(
        {"input.value": "x", "llm.input_messages.0.message.content": "y", "callboard.metadata.tenant": "acme", "z": 1}
    )

    assert (found.kept, found.metadata) == ({"z": 1}, {"tenant": "acme"})


@pytest.mark.parametrize("order", list(permutations(["output.value", "gen_ai.output.messages", "ai.response.text"])))
def test_one_text_wins_wherever_it_stands(order: tuple[str, ...]) -> None:
    found = fields.sort({name: name for name in order})

    assert found.output[2] == "gen_ai.output.messages"


@pytest.mark.parametrize("order", [False, True])
def test_a_flattened_list_wins_as_a_whole_over_a_lower_source(order: bool) -> None:
    sent = {
        "llm.input_messages.0.message.role": "user", "input.value": "raw", "llm.input_messages.0.message.content": "Hi",
    }  # fmt: skip

    found = fields.sort(dict(reversed(sent.items())) if order else sent)

    assert found.input[2] == {0: {"message.role": "user", "message.content": "Hi"}}


def test_metadata_comes_one_by_one_or_as_one_object() -> None:
    found = fields.sort({"metadata": '{"tenant": "acme"}', "ai.telemetry.metadata.plan": "pro", "tag.tags": ["vip"]})

    assert found.metadata == {"tenant": "acme", "plan": "pro", "tags": ["vip"]}


def test_metadata_that_is_no_object_is_kept_as_it_is() -> None:
    assert fields.sort({"metadata": "plain"}).metadata == {"metadata": "plain"}


@pytest.mark.parametrize(
    "key", ["gen_ai.prompt.²", "gen_ai.prompt.0", "gen_ai.prompt.1234567.role", "gen_ai.prompt.x.role"]
)
def test_what_only_looks_like_a_flattened_list_is_kept(key: str) -> None:
    assert fields.sort({key: "x"}).kept == {key: "x"}


def test_the_numbers_of_an_embedding_are_left_out() -> None:
    assert fields.sort({"embedding.embeddings.0.embedding.vector": [0.1] * 1536}).kept == {}


@pytest.mark.parametrize("long", ["x" * (MAX_VALUE_CHARS + 1), ["x"] * MAX_VALUE_CHARS])
def test_a_long_value_is_cut_and_what_it_was_is_noted(long: object) -> None:
    found = fields.sort({"z": long})

    assert len(found.kept["z"]) == MAX_VALUE_CHARS
    assert found.cuts.made["z"]["length"] > MAX_VALUE_CHARS
    assert len(found.cuts.made["z"]["sha256"]) == 64


def test_a_long_text_is_not_cut_like_a_value() -> None:
    assert not fields.sort({"input.value": "x" * (MAX_VALUE_CHARS + 1)}).cuts.made


def test_attributes_beyond_256_are_left_out_and_noted() -> None:
    found = fields.sort({f"k{number}": number for number in range(300)})

    assert len(found.kept) == 256
    assert found.cuts.made["attributes"] == {"length": 300}


def test_a_long_conversation_taken_apart_keeps_every_message() -> None:
    found = fields.sort({f"llm.input_messages.{number}.message.content": "Hi" for number in range(2_000)})

    assert len(found.input[2]) == 2_000


@pytest.fixture
def _forgetful() -> Iterator[None]:
    known = dict(fields._PLACES)
    yield
    fields._PLACES.clear()
    fields._PLACES.update(known)


@pytest.mark.usefixtures("_forgetful")
def test_names_made_up_by_clients_do_not_fill_the_memory() -> None:
    for number in range(fields._NAMES_REMEMBERED + 100):
        fields.sort({f"made.up.{number}": 1})

    assert len(fields._PLACES) <= fields._NAMES_REMEMBERED
