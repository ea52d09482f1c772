"""What somebody wanted from a prompt, in parts to compare."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring import embeddings, input_texts

DOCUMENT = "The tent has room for three people and weighs three kilograms. " * 100
QUESTION = "Can I get my money back for a late parcel?"


def likeness(one: dict[str, str], other: dict[str, str]) -> float:
    first, second = input_texts.vectors([input_texts.of_values(one), input_texts.of_values(other)])
    return float(first @ second)


def test_the_order_of_blanks_does_not_matter():
    one = input_texts.of_values({"question": "Can I pay later?", "name": "Ann"})

    assert one == input_texts.of_values({"name": "Ann", "question": "Can I pay later?"}) == ["Ann", "Can I pay later?"]


def test_a_long_document_does_not_drown_the_question_beside_it():
    assert likeness({"document": DOCUMENT, "question": QUESTION}, {"question": QUESTION}) > 0.5


def test_a_name_beside_the_question_changes_little():
    assert likeness({"name": "Ann", "question": QUESTION}, {"name": "Bartholomew", "question": QUESTION}) > 0.9


def test_an_input_of_one_part_has_the_vector_of_that_text():
    (found,) = input_texts.vectors([[QUESTION]])

    assert found == pytest.approx(embeddings.embed([QUESTION])[0], abs=1e-6)


def test_every_input_has_a_unit_vector_even_an_empty_one():
    found = input_texts.vectors([[], ["One"], ["Two", DOCUMENT]])

    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert input_texts.vectors([]).shape == (0, embeddings.DIMENSIONS)


def test_a_conversation_in_a_blank_counts_as_its_last_question():
    talk = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "Where is the parcel that I ordered?"},
    ]

    assert input_texts.of_values({"messages": talk}) == ["Where is the parcel that I ordered?"]


def test_values_that_are_no_texts_are_read_too():
    assert input_texts.of_values({"count": 3, "tags": ["a", "b"], "empty": None, "blank": "  "}) == ["3", '["a","b"]']


def test_a_very_long_text_is_cut():
    (part,) = input_texts.of_values({"text": "word " * 5_000})

    assert len(part) == input_texts.MAX_CHARS
