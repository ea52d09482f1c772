"""Calls that say what a test says are found, others are not."""

from __future__ import annotations

from evals.training.leaks import Leak, LeakIndex

QUESTION = "Can I return a pair of shoes that I bought forty days ago when the box is already thrown away?"


def index(*items: str) -> LeakIndex:
    found = LeakIndex()
    for number, text in enumerate(items):
        found.add(number, [text])
    return found


def test_the_same_words_are_found_whatever_the_case_and_the_signs():
    assert index("Other", QUESTION).find([QUESTION.upper().replace("?", " !!")]) == Leak(1, True)


def test_an_item_is_found_inside_a_filled_prompt():
    assert index(QUESTION).find(
        [f"You are a kind assistant of a shop. Answer this question: {QUESTION} Be short."]
    ) == Leak(0, False)


def test_an_item_is_found_as_one_message_of_a_conversation():
    assert index("Yes").find(["Do you agree?", "yes"]) == Leak(0, True)


def test_an_item_with_a_word_changed_is_found():
    assert index(QUESTION).find([QUESTION.replace("shoes", "boots").replace("thrown away", "thrown away now")]) == Leak(
        0, False
    )


def test_a_call_about_the_same_in_other_words_is_no_leak():
    assert index(QUESTION).find(["Is it possible to send back footwear after six weeks without its packaging?"]) is None


def test_what_all_items_say_alike_is_no_leak():
    template = "You answer customers of a shop for shoes and always stay polite and short. The question is: "
    found = index(*(f"{template}what about topic number {number} please now" for number in range(40)))
    found.settle()

    assert found.find([f"{template}how do I change my address?"]) is None
    assert found.find([f"{template}what about topic number 7 please now indeed"]) == Leak(7, False)


def test_a_short_item_is_no_leak_of_a_text_that_holds_its_words():
    assert index("my order").find(["Where is my order from last week?"]) is None


def test_an_empty_item_is_never_found():
    assert index("", "?!").find(["", "?!"]) is None
