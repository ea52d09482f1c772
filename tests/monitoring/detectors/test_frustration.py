"""Complaints about the answer before, in six languages, and messages that only sound like one."""

from __future__ import annotations

import pytest

from monitoring.detectors import frustration


@pytest.mark.parametrize(
    "message",
    [
        "This is useless", "I already told you my order number!", "No, that's wrong. I asked for the red one.",
        "You keep repeating the same thing", "that didn't help at all", "Das habe ich doch schon gesagt.", "Das bringt mir nichts",
        "Du verstehst meine Frage nicht", "C'est complètement inutile", "Je vous l'ai déjà dit", "Vous ne répondez pas à ma question",
        "Ya te lo dije", "Esto no me sirve de nada", "Não me ajuda em nada", "Já te disse o número", "Ti ho già detto il numero",
        "Non è quello che ho chiesto",
    ],
)  # fmt: skip
def test_complaints_are_found(message):
    found = frustration.score(message)

    assert found.is_flagged
    assert all(0 <= one.start < one.end <= len(message) for one in found.evidence)


@pytest.mark.parametrize(
    "message",
    [
        "Thanks, that helped!", "And what about the blue one?",
        "How many times can I use a virtual card?", "Yes, please.",
        "I just tried the app and it asks for a code. Where is it?", "WHERE IS MY ORDER",
        "Danke, das hilft mir sehr.", "Merci, c'est parfait.",
        "¿Y cuánto cuesta el envío?", 'Please translate "this is useless" into German.',
    ],
)  # fmt: skip
def test_what_goes_on_quietly_is_no_complaint(message):
    assert not frustration.score(message).is_flagged


def test_a_complaint_in_a_long_story_about_something_else_counts_less():
    story = "My neighbour bought a boat and sailed around the island with it. " * 8 + "He said this is useless."

    assert frustration.score(story).probability < frustration.score("This is useless.").probability
