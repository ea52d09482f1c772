"""Sentences about what changes, and the checks before publishing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prompt_registry import changes, checks, contents
from prompt_registry.contents import Message, PromptContent
from tests.prompt_registry.factories import chat, text

SYSTEM, USER = ("system", "Be kind to {{name}}."), ("user", "{{question}}")


def _sentences(before: PromptContent | None, after: PromptContent) -> list[str]:
    return [change.sentence for change in changes.describe(before=before, after=after)]


def test_the_same_content_has_no_differences():
    assert _sentences(chat(SYSTEM, USER), chat(SYSTEM, USER)) == []


def test_added_removed_and_changed_messages_are_sentences():
    before = chat(SYSTEM, USER)
    after = chat(("system", "Be very kind to {{name}}."), ("assistant", "Welcome"), USER)

    assert _sentences(before, after) == [
        "Changes message 1 (Instructions): adds 1 word.",
        "Adds message 2: Assistant says.",
    ]
    assert "Removes message 2: Assistant says." in _sentences(after, before)


def test_moved_messages_are_named_once():
    first, second, third = ("user", "one"), ("assistant", "two"), ("user", "three")

    assert _sentences(chat(first, second, third), chat(second, third, first)) == [
        "Moves «User says» from place 1 to place 3."
    ]


def test_another_role_is_a_sentence():
    assert _sentences(chat(SYSTEM, ("user", "x")), chat(SYSTEM, ("assistant", "x"))) == [
        "Message 2 is now «Assistant says»; it was «User says»."
    ]


def test_blanks_that_come_and_go_are_sentences():
    sentences = _sentences(text("Hello {{name}}"), text("Hello {{customer}}"))

    assert "Adds the blank «customer»." in sentences
    assert "Removes the blank «name»." in sentences


def test_settings_are_sentences_in_plain_words():
    before = chat(SYSTEM, settings={"temperature": 0, "model": "small", "stop": ["END"]})
    after = chat(
        SYSTEM,
        settings={
            "temperature": 0.4,
            "max_tokens": 300,
            "stop": ["END", "STOP"],
            "response_schema": {"type": "object"},
        },
    )

    assert _sentences(before, after) == [
        "Model: small → not set.", "Creativity: 0 → 0.4.", "Longest answer: not set → 300.",
        "Stop words: «END» → «END», «STOP».", "Adds the setting «Answer form».",
    ]  # fmt: skip


def test_a_described_blank_is_a_sentence():
    before = chat(SYSTEM)
    after = chat(SYSTEM, variables=[{"name": "name", "sample": "Ana"}])

    assert _sentences(before, after) == ["Changes the sample of the blank «name»; applications notice nothing."]


def test_only_punctuation_says_so():
    assert _sentences(text("Be kind"), text("Be kind!")) == [
        "Changes only punctuation, spaces or line breaks in the text."
    ]


def test_new_odd_characters_are_named():
    sentences = _sentences(text("Pay with paypal"), text("Pay with p\u0430ypal\u202e"))

    assert any("cyrillic small letter a" in sentence for sentence in sentences)
    assert any("turns the reading direction" in sentence for sentence in sentences)


def test_the_first_version_adds_everything():
    assert _sentences(None, chat(SYSTEM))[0] == "Adds message 1: Instructions."


MESSAGES = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "user"]), content=st.sampled_from(["a", "b", "c d"])), max_size=6
).map(tuple)


@given(MESSAGES, MESSAGES)
def test_every_message_appears_exactly_once_in_the_pairs(old, new):
    pairs = changes.pairs(PromptContent("chat", messages=old), PromptContent("chat", messages=new))

    assert sorted(pair.before_place for pair in pairs if pair.before) == list(range(1, len(old) + 1))
    assert [pair.after_place for pair in pairs if pair.after] == list(range(1, len(new) + 1))


def _levels(before: PromptContent | None, after: PromptContent) -> dict[str, str]:
    return {check.sentence: check.level for check in checks.run(before=before, after=after)}


def test_a_harmless_change_has_no_check_that_needs_a_decision():
    before = chat(SYSTEM, variables=[{"name": "name", "sample": "Ana"}])

    assert _levels(before, before) == {}


def test_a_new_blank_and_another_model_need_a_tick():
    before, after = chat(SYSTEM), chat(SYSTEM, USER, settings={"model": "big"})

    levels = _levels(before, after)

    assert [level for sentence, level in levels.items() if "«question» is new" in sentence] == ["tick"]
    assert [level for sentence, level in levels.items() if "model changes" in sentence] == ["tick"]


def test_a_much_longer_text_needs_a_tick():
    assert "tick" in _levels(text("word " * 100), text("word " * 150)).values()


def test_look_alikes_stop_in_instructions_and_need_a_tick_elsewhere():
    assert set(_levels(None, chat(("system", "p\u0430ypal"))).values()) == {"stops"}
    assert set(_levels(None, chat(("user", "p\u0430ypal"))).values()) == {"tick"}


def test_a_repeated_paragraph_is_good_to_know():
    paragraph = "This paragraph says something long enough that nobody would write it twice on purpose, really."

    assert "informs" in _levels(None, text(f"{paragraph}\n\n{paragraph}")).values()


def test_content_that_became_unusable_stops():
    assert "stops" in _levels(None, contents.PromptContent("chat")).values()


def test_another_kind_of_blank_is_said_in_words():
    before, after = (
        contents.parse({"type": "text", "text": "{{n}}", "variables": [{"name": "n", "kind": kind}]})
        for kind in ("text", "number")
    )

    (change,) = changes.describe(before=before, after=after)

    assert change.sentence == "Changes the kind of the blank «n»; applications notice nothing."
