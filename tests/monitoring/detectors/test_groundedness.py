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


COURTESIES = (
    "Just write to us again if anything is unclear.",
    "Let me know if you have any other questions!",
    "Feel free to reach out if you need further assistance.",
    "I hope this helps!",
    "I hope this answers your question about the museum.",
    "Thank you for contacting Harbour Support.",
    "Sorry for the inconvenience.",
    "Have a wonderful day!",
    "Here is a summary of the information provided:",
    "Please send me your order number so that I can look into it.",
    "Best regards,\nThe Customer Service Team",
    "Dear Anna,",
    "Melden Sie sich gerne wieder, wenn etwas unklar ist.",
    "No dude en volver a escribirnos si tiene más preguntas.",
    "N'hésitez pas à nous écrire de nouveau si besoin.",
)


@pytest.mark.parametrize("courtesy", COURTESIES)
def test_a_courtesy_before_or_after_a_supported_answer_is_no_claim(courtesy: str) -> None:
    answer = "Admission is free for children under twelve."

    assert not groundedness.check(f"{answer}\n{courtesy}", SOURCE).is_flagged
    assert not groundedness.check(f"{courtesy}\n{answer}", SOURCE).is_flagged
    assert groundedness.check(courtesy, SOURCE).probability == 0


@pytest.mark.parametrize(
    "citation",
    ["(Source: Visitor handbook)", "[1]", "[2, 3]", "【4†guide.pdf】", "(see Opening hours, section 4.2)", "[doc 7]",
     "\nSource: https://museum.example/visit?page=9", "\nSources:\n- Visitor handbook, page 12\n- Annual report 2019"],
)  # fmt: skip
def test_the_name_of_a_source_is_no_claim(citation: str) -> None:
    assert not groundedness.check(f"Admission is free for children under twelve. {citation}", SOURCE).is_flagged


@pytest.mark.parametrize(
    "hidden",
    [
        "Sorry, admission is never free.",
        "Sure, the museum opens every Monday night.",
        "According to the documents, Director Peter Holmgren closed the eastern hall.",
        "Thank you for asking, the director is Peter Holmgren.",
        "I hope this helps: the museum burned down in 1993.",
        "Let me know if you need the 500 crowns back from Carlos Vega.",
        "(Source: Handbook) The museum won a European architecture prize and sells coffee from Guatemala.",
    ],
)
def test_a_claim_is_not_hidden_by_a_courtesy_or_a_source_beside_it(hidden: str) -> None:
    assert groundedness.check(hidden, SOURCE).probability > 0.3


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
