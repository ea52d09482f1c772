"""What is worth a second look while writing, with the place in the text it is about."""

from __future__ import annotations

import pytest

from prompt_registry import contents, marks
from prompt_registry.contents import PromptContent
from prompt_registry.marks import LONG_TOKENS, MOST_MARKS, Level, Mark


def _chat(*messages: tuple[str, str], **more: object) -> PromptContent:
    entries = [{"role": role, "content": text} for role, text in messages]
    return contents.read({"type": "chat", "messages": entries, **more})[0]


def _marked(text: str, mark: Mark) -> str:
    return text.encode("utf-16-le")[mark.start * 2 : mark.end * 2].decode("utf-16-le")


def test_a_plain_prompt_has_no_marks():
    content = _chat(("system", "Answer in {{language}}."), ("user", "{{question}}"))

    assert marks.find(content, known=frozenset({"language", "question"})) == []


def test_a_blank_that_no_application_fills_is_marked_where_it_stands():
    text = "😀 In {{ language }}."

    (mark,) = marks.find(_chat(("user", "Hi"), ("system", text)), known=frozenset())

    assert (mark.message, mark.level, _marked(text, mark)) == (1, Level.WARNING, "{{ language }}")
    assert "The blank «language» is new" in mark.sentence


def test_before_the_first_version_no_blank_is_called_new():
    assert marks.find(_chat(("system", "In {{language}}.")), known=None) == []


@pytest.mark.parametrize(
    ("role", "text", "marked", "level"),
    [
        ("user", "a\u200bb", "\u200b", Level.WARNING),
        ("system", "a\u202eb", "\u202e", Level.ERROR),
        ("user", "pay \u0440aypal", "\u0440aypal", Level.WARNING),
        ("system", "pay \u0440aypal", "\u0440aypal", Level.ERROR),
        ("user", "Hi {{na me}}", "{{na me}}", Level.INFO),
        ("user", "Hi {{n\u0430me}}", "{{n\u0430me}}", Level.INFO),
    ],
)
def test_what_reads_differently_than_it_is_gets_marked(role, text, marked, level):
    found = marks.find(_chat((role, text)), known=None)

    assert (_marked(text, found[0]), found[0].level) == (marked, level)


@pytest.mark.parametrize(
    "text", ["Answer {{question}}", "Do: {{user_message}}", "Read {{document}} now", "<a>{{question}} and more</a>"]
)
def test_words_of_users_among_instructions_are_marked(text):
    (mark,) = marks.find(_chat(("system", text)), known=None)

    assert "they can add instructions of their own" in mark.sentence


@pytest.mark.parametrize(
    "text",
    [
        "<text>{{question}}</text>",
        "```\n{{question}}\n```",
        '"""\n{{question}}\n"""',
        "For {{user_name}} in {{language}}",
    ],
)
def test_words_that_stand_apart_or_are_not_the_users_are_not_marked(text):
    assert marks.find(_chat(("system", text)), known=None) == []


def test_words_of_users_in_a_message_of_theirs_are_not_marked():
    assert marks.find(_chat(("user", "{{question}}")), known=None) == []


def test_blanks_that_left_the_text_are_named_for_the_prompt_as_a_whole():
    (mark,) = marks.find(_chat(("user", "Hi")), known=None, unused=["old"])

    assert (mark.message, "«old»" in mark.sentence) == (-1, True)


def test_a_very_long_prompt_is_named():
    (mark,) = marks.find(_chat(("user", "word " * (LONG_TOKENS + 100))), known=None)

    assert mark.sentence.startswith("This is very long: about 8,100 tokens")


def test_a_text_full_of_oddities_has_a_bounded_number_of_marks():
    found = marks.find(_chat(("user", "\u200b" * 200_000), ("user", "\u200b")), known=None)

    assert len(found) == MOST_MARKS
