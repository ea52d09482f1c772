"""Comparisons: nothing is lost, words are readable, hostile sizes stay quick."""

from __future__ import annotations

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from prompt_registry import diffs, oddities
from prompt_registry.alignments import align
from prompt_registry.diffs import Piece

LINES = st.lists(st.text(alphabet="abc .", max_size=12), max_size=8).map("\n".join)


def _side(rows: list[diffs.Row], side: str) -> str:
    lines = [getattr(row, side) for row in rows]
    return "\n".join("".join(piece.text for piece in line) for line in lines if line is not None)


@given(LINES, LINES)
def test_both_texts_can_be_read_back_from_the_comparison(before: str, after: str):
    rows = diffs.compare(before, after)

    assert (_side(rows, "before"), _side(rows, "after")) == (before, after)


@given(st.text(alphabet="ab ,\u00e9"), st.text(alphabet="ab ,\u00e9"))
def test_words_read_back_too(before: str, after: str):
    pieces = diffs.words(before, after)

    assert "".join(piece.text for piece in pieces if piece.op != "insert") == before
    assert "".join(piece.text for piece in pieces if piece.op != "delete") == after


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_alignment_covers_both_sequences_in_order(a: list[str], b: list[str]):
    blocks = align(a, b)

    assert [item for block in blocks for item in a[block.a_start : block.a_end]] == a
    assert [item for block in blocks for item in b[block.b_start : block.b_end]] == b
    assert all(a[x.a_start : x.a_end] == b[x.b_start : x.b_end] for x in blocks if x.is_same)


def test_one_changed_word_is_one_change():
    (row,) = diffs.compare("Answer in at most four sentences.", "Answer in at most three sentences.")

    assert row.both == (
        Piece("equal", "Answer in at most "), Piece("delete", "four"), Piece("insert", "three"), Piece("equal", " sentences."),
    )  # fmt: skip
    assert row.op == "changed"


def test_neighbouring_changes_are_joined():
    (row,) = diffs.compare("Please be very kind and calm today", "Please stay quite kind and calm today")

    assert [piece.text for piece in row.both] == ["Please ", "be very", "stay quite", " kind and calm today"]


def test_a_new_line_does_not_disturb_the_lines_around_it():
    rows = diffs.compare("Be kind.\nBe short.", "Be kind.\nNever promise refunds to anybody.\nBe very short.")

    assert [row.op for row in rows] == ["equal", "insert", "changed"]


def test_invisible_characters_are_spelled_out():
    (row,) = diffs.compare("Be kind to all", "Be ki\u200bnd to all")

    assert "[zero width space U+200B]" in "".join(piece.text for piece in row.after or ())


def test_word_counts():
    assert diffs.counts("one two three\nfour", "one 2 three\nfour five") == (2, 1)


def test_a_quarter_of_a_megabyte_is_compared_in_seconds():
    chance = random.Random(7)
    words = [chance.choice("ab") for _ in range(100_000)]
    pathological = [
        (" ".join(words), " ".join(reversed(words))),
        ("a b\n" * 60_000, "b a\n" * 60_000),
        ("\n".join(f"a{n} b" for n in range(30_000)), "\n".join(f"c{n} b" for n in range(30_000))),
        ("\n".join(f"x{n % 140} y z" for n in range(140)), "\n".join(f"x{n % 139} z y" for n in range(140))),
    ]
    started = time.perf_counter()

    for before, after in pathological:
        diffs.compare(before, after)

    assert time.perf_counter() - started < 15


def test_letters_that_only_look_latin_are_found_in_mixed_words_only():
    assert [oddity.text for oddity in oddities.find("Pay with p\u0430ypal")] == ["p\u0430ypal"]
    assert oddities.find("Ответьте клиенту. API-ключ, naïve, Ελλάδα") == []


def test_emoji_and_scripts_that_need_joiners_are_ordinary_text():
    assert oddities.find("👨‍👩‍👧 ☎️ می‌خواهم שלום\u200f (a)") == []


def test_hidden_and_turning_characters_are_found_and_counted():
    found = oddities.find("a\u200bb\u200bc \u202eevil\u202c \U000e0041")

    assert [(oddity.kind, oddity.count) for oddity in found] == [
        ("invisible", 2), ("direction", 1), ("direction", 1), ("invisible", 1),
    ]  # fmt: skip


@given(st.text())
def test_looking_for_odd_characters_never_fails(text: str):
    oddities.find(text)
    oddities.reveal(text)
