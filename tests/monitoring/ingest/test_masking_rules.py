"""Rules of a project: RE2 alone, refused in words, complete at the seams."""

from __future__ import annotations

import time

import pytest

from monitoring.errors import RuleRefused
from monitoring.ingest.masking_rules import OVERLAP_CHARS, WINDOW_CHARS, Rule
from monitoring.kinds import MaskMode


def rule(pattern: str) -> Rule:
    return Rule(name="rule", pattern=pattern, mode=MaskMode.MASK)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?<=CN-)[0-9]+", "ahead or behind"),
        ("CN(?!-)", "ahead or behind"),
        (r"(a)\1", "References"),
        ("[0-9", "not valid"),
        ("[0-9]*", "empty text"),
        (" ", "Type a pattern"),
        ("a" * 1025, "longer than 1,024 bytes"),
        ("ä" * 600, "longer than 1,024 bytes"),
        (r"(?:\pL{1,1000}){1,1000}", "not valid|memory"),
    ],
)
def test_a_pattern_that_cannot_run_is_refused_in_words(pattern: str, words: str) -> None:
    with pytest.raises(RuleRefused, match=words):
        rule(pattern)


def test_matches_have_places_in_characters_whatever_the_script() -> None:
    text = "日本語 CN-123456 äöü CN-654321"

    assert [text[start:end] for start, end in rule("CN-[0-9]{6}").find(text)] == ["CN-123456", "CN-654321"]


@pytest.mark.parametrize("seam", [WINDOW_CHARS, WINDOW_CHARS - OVERLAP_CHARS, 2 * (WINDOW_CHARS - OVERLAP_CHARS)])
@pytest.mark.parametrize("shift", range(-9, 2))
def test_nothing_slips_through_at_the_seam_of_two_windows(seam: int, shift: int) -> None:
    text = "x" * (seam + shift) + "CN-123456" + "x" * WINDOW_CHARS

    assert (seam + shift, seam + shift + 9) in set(rule("CN-[0-9]{6}").find(text))


def test_the_end_of_a_long_text_is_looked_at() -> None:
    text = "x" * (3 * WINDOW_CHARS) + "CN-123456"

    assert (len(text) - 9, len(text)) in set(rule("CN-[0-9]{6}").find(text))


def test_a_pattern_made_to_be_slow_is_not() -> None:
    started = time.process_time()

    assert list(rule("(a+)+$").find("a" * 30_000 + "b")) == []

    assert time.process_time() - started < 0.5
