"""Insults and hate, and texts that only name groups, are rude about things, or speak against hate."""

from __future__ import annotations

import pytest

from monitoring.detectors import toxicity

ATTACKS = {
    "insult": "You are a stupid pathetic loser, shut the fuck up.",
    "group": "All immigrants are filthy criminals and should be thrown out of the country.",
    "vermin": "These people are vermin, exterminate them all.",
    "wish": "I hope you die of cancer, you worthless bitch.",
    "leet": "you fucking id10t, g0 to hell you piece of sh1t",
}
HARMLESS = {
    "group named": "Our Muslim and Christian students cook together every Friday.",
    "history": "The treaty of 1648 ended a war in which a third of the population died.",
    "complaint": "The delivery was late again and nobody answered the phone.",
    "technical": "Kill the parent process, then attack the memory leak in the child.",
    "question": "What documents does a refugee need to open an account?",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_people_is_flagged(attack: str) -> None:
    assert toxicity.score(ATTACKS[attack]).is_flagged


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_text_is_not_flagged(text: str) -> None:
    assert not toxicity.score(HARMLESS[text]).is_flagged


def test_the_moderation_of_the_provider_decides() -> None:
    assert toxicity.score("what a lovely day", moderation={"hate": False, "harassment/threatening": True}).is_flagged


def test_other_categories_of_the_provider_decide_nothing() -> None:
    assert not toxicity.score("what a lovely day", moderation={"hate": False, "self-harm": True}).is_flagged


def test_the_evidence_marks_the_rude_words() -> None:
    text = "Nice try, you fucking clown."

    marked = [text[piece.start : piece.end] for piece in toxicity.score(text).evidence]

    assert "fucking" in marked
