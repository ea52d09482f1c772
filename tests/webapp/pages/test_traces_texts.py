"""Long texts are shown up to a length."""

from __future__ import annotations

from monitoring.trace_messages import Message, ToolCall
from webapp.pages import traces_texts
from webapp.pages.traces_texts import Text


def test_a_short_text_is_whole():
    assert traces_texts.cut("abc", limit=10) == Text("abc", 0)


def test_a_long_text_says_how_much_is_hidden():
    assert traces_texts.cut("abcdef", limit=4) == Text("abcd", 2)


def test_json_is_laid_out_and_other_text_left_alone():
    assert traces_texts.pretty('{"a":1}', limit=100).shown == '{\n  "a": 1\n}'
    assert traces_texts.pretty("{not json", limit=100).shown == "{not json"


def test_the_end_of_a_conversation_is_shown_first():
    talk = traces_texts.last_words([Message("user", "a" * 100), Message("assistant", "b" * 80)], limit=80)

    assert ([message.role for message in talk.messages], talk.earlier, talk.hidden) == (["assistant"], 1, 0)


def test_one_huge_message_is_cut_instead_of_left_out():
    talk = traces_texts.last_words([Message("user", "a" * 1_000_000), Message("assistant", "short")], limit=16_384)

    assert [message.role for message in talk.messages] == ["user", "assistant"]
    assert sum(message.length for message in talk.messages) <= 16_384
    assert talk.hidden > 900_000


def test_tool_calls_count_and_are_cut_too():
    message = Message("assistant", "", tool_calls=(ToolCall("find", "x" * 10_000),), other="y" * 10_000)

    talk = traces_texts.last_words([message], limit=1_000)

    assert len(talk.messages[0].tool_calls[0].arguments) == 1_000
    assert len(talk.messages[0].other) == 1_000


def test_a_conversation_that_fits_is_whole():
    assert traces_texts.last_words([Message("user", "hi")], limit=100).is_whole
