"""Answers in another language than the question."""

from __future__ import annotations

import pytest

from monitoring.detectors import languages

GERMAN = "Wann kommt mein Paket an? Ich warte schon seit einer Woche darauf."
ENGLISH = "Your parcel is on its way and should arrive at your address within the next two days."


def test_an_english_answer_to_a_german_question_is_found():
    found = languages.another(GERMAN, ENGLISH)

    assert found.is_flagged
    assert found.evidence[0].why == "is in English, the question is in German"


@pytest.mark.parametrize(
    ("asked", "answered", "told"),
    [
        (GERMAN, "Ihr Paket ist unterwegs und kommt voraussichtlich in den nächsten zwei Tagen an.", ""),
        (GERMAN, ENGLISH, "You are a kind assistant. Always answer in English."),
        (f"Bitte übersetze: {GERMAN}", ENGLISH, ""),
        ("Paket?", ENGLISH, ""),
        (GERMAN, "OK, done.", ""),
        (GERMAN, "```python\nfor parcel in parcels: print(parcel.arrives_at_the_address)\n```", ""),
    ],
)
def test_what_was_asked_for_and_what_is_too_short_to_tell_is_not(asked, answered, told):
    assert not languages.another(asked, answered, told=told).is_flagged
