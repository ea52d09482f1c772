"""Texts of calls with what was found in them marked."""

from __future__ import annotations

from webapp.pages.issues_texts import Mark, Piece, pieces


def texts(found: list[Piece]) -> list[tuple[str, bool]]:
    return [(piece.text, piece.is_found) for piece in found]


def test_what_was_found_is_told_apart_from_the_rest():
    found = pieces("I am sorry, no.", [Mark(5, 10, "It declines.")])

    assert texts(found) == [("I am ", False), ("sorry", True), (", no.", False)]
    assert found[1].why == "It declines."


def test_marks_that_overlap_share_no_words():
    assert texts(pieces("abcdef", [Mark(0, 4), Mark(2, 6)])) == [("abcd", True), ("ef", True)]


def test_marks_outside_the_text_are_left_out():
    assert texts(pieces("abc", [Mark(-5, -1), Mark(2, 99), Mark(7, 9)])) == [("ab", False), ("c", True)]


def test_a_long_text_is_shown_from_just_before_what_was_found():
    found = pieces("x" * 1_000 + "HERE" + "y" * 1_000, [Mark(1_000, 1_004)], limit=300)

    assert ("HERE", True) in texts(found)
    assert (found[0].text, found[-1].text) == ("… ", " …")
    assert sum(len(piece.text) for piece in found) == 300 + 4


def test_a_long_text_without_marks_is_shown_from_its_beginning():
    assert texts(pieces("a" * 20, [], limit=10)) == [("a" * 10, False), (" …", False)]
