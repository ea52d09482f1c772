"""What is found by words, in which texts, and how the places are marked."""

from __future__ import annotations

import pytest
from django.db import connection

from prompt_registry import labels, prompt_list, prompt_search
from prompt_registry.prompt_list import Wanted
from prompt_registry.prompt_search import Mark
from tests.prompt_registry.factories import chat, make_project, make_prompt, make_version, text


def _found(project, words):
    wanted = Wanted(terms=prompt_search.terms_of(words))
    return [prompt.name for prompt in prompt_list.find(project=project, wanted=wanted)]


def _stored(prompt):
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM prompt_text WHERE prompt_id = %s ORDER BY number", [prompt.pk])
        return [number for (number,) in cursor.fetchall()]


def _excerpt(prompt, words):
    found = prompt_search.excerpts(project=prompt.project, prompts=[prompt.pk], terms=prompt_search.terms_of(words))
    return found[prompt.pk]


def test_words_are_found_in_names_and_in_texts(project):
    make_prompt(project, name="refund")
    make_version(make_prompt(project, name="other"), chat(("system", "Say sorry."), ("user", "Offer a REFUND.")))
    make_version(make_prompt(project, name="letter", type="text"), text("The refunded amount"))
    make_version(make_prompt(project, name="nothing"))

    assert _found(project, "Refund") == ["letter", "other", "refund"]


def test_all_words_must_be_there_in_any_order(project):
    make_version(make_prompt(project, name="both"), chat(("system", "Refunds take five days.")))
    make_version(make_prompt(project, name="one"), chat(("system", "Refunds are slow.")))

    assert _found(project, "five refund") == ["both"]


@pytest.mark.parametrize("words", ["100%", "_all_", "\\", "{{name}}", "'tis", "日本", "ückerst", "%"])
def test_every_character_is_taken_literally(project, words):
    make_version(
        make_prompt(project, name="odd"), chat(("system", "100% of _all_ \\ {{name}} 'tis 東京日本 Rückerstattung"))
    )
    make_version(make_prompt(project, name="plain"), chat(("system", "100 of all name tis")))

    assert _found(project, words) == ["odd"]


def test_what_only_looks_like_a_match_is_none(project):
    make_version(make_prompt(project, name="odd"), chat(("system", "100% of _all_")))

    assert _found(project, "100_") == []
    assert _found(project, "all% of") == []


def test_the_newest_and_the_live_texts_are_searched_and_no_others(project, approver):
    prompt = make_prompt(project, name="greeting")
    live, _, newest = (make_version(prompt, chat(("system", f"Word {name}."))) for name in ("alpha", "beta", "gamma"))
    labels.publish(prompt=prompt, version=live, label="production", by=approver)

    assert [bool(_found(project, word)) for word in ("alpha", "beta", "gamma")] == [True, False, True]
    assert _stored(prompt) == [1, 3]
    assert _excerpt(prompt, "alpha").number == live.number
    assert newest.number == 3


def test_a_text_that_is_no_longer_live_leaves_the_search_and_comes_back_with_an_undo(project, approver):
    prompt = make_prompt(project)
    for _ in range(3):
        labels.publish(prompt=prompt, version=make_version(prompt), label="production", by=approver)
    labels.undo(prompt=prompt, label="production", by=approver)
    after_undo = _stored(prompt)

    prompt.labels.all().delete()

    assert (after_undo, _stored(prompt)) == ([2, 3], [3])


def test_the_largest_text_is_saved_and_found(project):
    words = " ".join(f"w{number}" for number in range(36_000))
    make_version(make_prompt(project, name="large"), chat(("system", words)))

    assert _found(project, "w35999") == ["large"]


def test_another_project_is_never_searched(project):
    make_version(make_prompt(make_project(), name="foreign"), chat(("system", "secret words")))

    assert _found(project, "secret") == []


def test_an_excerpt_shows_the_place_with_the_words_marked(prompt):
    make_version(prompt, chat(("system", "x" * 100 + " Offer a REFUND of the money.")))

    excerpt = _excerpt(prompt, "refund money")

    assert not excerpt.is_start
    assert [mark.text for mark in excerpt.marks if mark.is_found] == ["REFUND", "money"]
    assert excerpt.marks[0].text.endswith(" Offer a ")


@pytest.mark.parametrize(
    ("said", "terms", "marks"),
    [
        ("Refund it", ("refund",), (Mark("Refund", is_found=True), Mark(" it"))),
        ("a refunding b", ("fund", "refund"), (Mark("a "), Mark("refund", is_found=True), Mark("ing b"))),
        ("İ refund", ("refund",), (Mark("İ "), Mark("refund", is_found=True))),
        ("nothing", ("refund",), (Mark("nothing"),)),
        ("", ("refund",), ()),
    ],
)
def test_marks_keep_the_text_as_it_is(said, terms, marks):
    assert prompt_search.mark(said, terms) == marks


def test_words_without_an_end_are_cut_to_the_first_few():
    assert prompt_search.terms_of(" a  B a " + " ".join(map(str, range(20)))) == (
        "a",
        "b",
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
    )
