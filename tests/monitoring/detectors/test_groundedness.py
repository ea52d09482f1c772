"""Answers against the documents they must rest on."""

from __future__ import annotations

import pytest

from monitoring.detectors import groundedness

SOURCE = (
    "The Harbour Museum opened in 1987 and shows 42 ships. Admission is free for children under twelve. "
    "The museum is not open on Mondays. Director Maria Lindqvist plans to extend the eastern hall by 2026."
)
WRONG = {
    "another number": "The museum opened in 1993 and shows 42 ships.",
    "another name": "Director Peter Holmgren plans to extend the eastern hall.",
    "denied": "Admission is never free, and no child under twelve gets in.",
    "made up": "The museum won a European architecture prize and sells coffee from Guatemala.",
    "about itself": "I love this museum, I go there with my family and we always enjoy it.",
}
RIGHT = {
    "quoted": "The Harbour Museum opened in 1987 and shows 42 ships.",
    "joined": "Admission is free for children under twelve, and the museum is not open on Mondays.",
    "shortened": "Maria Lindqvist plans to extend the eastern hall by 2026.",
    "one name": "Maria Lindqvist",
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_source_does_not_say_is_likelier_unsupported_than_what_it_says(case: str) -> None:
    worst = max(groundedness.check(output, SOURCE).probability for output in RIGHT.values())

    assert groundedness.check(WRONG[case], SOURCE).probability > worst


@pytest.mark.parametrize("case", ["another name", "made up", "about itself"])
def test_an_unsupported_answer_is_flagged(case: str) -> None:
    assert groundedness.check(WRONG[case], SOURCE).is_flagged


@pytest.mark.parametrize("case", RIGHT)
def test_a_supported_answer_is_not_flagged(case: str) -> None:
    assert not groundedness.check(RIGHT[case], SOURCE).is_flagged


@pytest.mark.parametrize("reply", ["That's true!", "Me too.", "Okay, thanks!", "What would you like to know?"])
def test_a_reply_that_claims_nothing_is_not_flagged(reply: str) -> None:
    assert not groundedness.check(reply, SOURCE).is_flagged


def test_without_a_source_nothing_is_flagged() -> None:
    assert groundedness.check("The moon is made of cheese.", "").probability == 0


def test_the_evidence_marks_the_sentence_and_the_words_in_doubt() -> None:
    output = "The Harbour Museum shows 42 ships. It was founded by the billionaire Carlos Vega in Lisbon."

    finding = groundedness.check(output, SOURCE)

    marked = {output[piece.start : piece.end]: piece.why for piece in finding.evidence}
    assert marked["It was founded by the billionaire Carlos Vega in Lisbon."] == "the source does not support this"
    assert marked["Carlos"] == "is a name that is not in the source"
    assert "The Harbour Museum shows 42 ships." not in marked


def test_a_long_supported_answer_is_not_flagged_for_its_length() -> None:
    assert not groundedness.check(SOURCE, SOURCE).is_flagged


def test_numbers_are_the_same_however_they_are_written() -> None:
    assert not groundedness.check(
        "It cost 12,000 crowns and took three years.", "It cost 12000 crowns and took 3 years."
    ).is_flagged
