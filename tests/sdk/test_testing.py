"""The help for tests of applications."""

import callboard
import pytest
from callboard import observe, prompts, span
from callboard.testing import capture


@observe(kind="llm")
def answer(question: str) -> str:
    return prompts.get("greeting").compile(name=question)


def test_spans_are_collected_and_nothing_is_sent(server, make_client):
    make_client(server.url)

    with capture(prompts={"greeting": "Hi {{name}}"}) as spans:
        assert answer("Ada") == "Hi Ada"
        callboard.feedback("0" * 31 + "1", thumbs="up")

    assert callboard.flush(1)
    assert [found.name for found in spans] == ["answer"]
    assert len(spans) == 1
    assert spans.named("answer").output == [{"role": "assistant", "parts": [{"type": "text", "content": "Hi Ada"}]}]
    assert spans.feedback[0]["name"] == "thumbs"
    assert server.received == []


def test_without_any_setting_nothing_is_needed():
    with capture() as spans, span("a"):
        pass

    assert spans[0].name == "a"


def test_the_client_from_before_is_used_again_afterwards(make_client):
    client = make_client("http://127.0.0.1:9")

    with capture():
        assert callboard.lifecycle.default_client() is not client

    assert callboard.lifecycle.default_client() is client


def test_captures_nest():
    with capture() as outer:
        with capture() as inner, span("in"):
            pass
        with span("out"):
            pass

    assert [found.name for found in inner] == ["in"]
    assert [found.name for found in outer] == ["out"]


def test_unknown_prompts_are_missing_at_once():
    with capture():
        assert prompts.get("nowhere").source == "missing"
        assert prompts.get("nowhere", fallback="Hi").compile() == "Hi"


def test_chat_prompts_can_be_served():
    with capture(prompts={"chat": [{"role": "user", "content": "{{q}}"}]}):
        assert prompts.get("chat", type="chat").compile(q="Why?") == [{"role": "user", "content": "Why?"}]


def test_a_span_is_found_by_its_name():
    with capture() as spans:
        with span("one"):
            pass
        with span("two"):
            pass
        with span("two"):
            pass

    assert spans.named("one").kind == "chain"
    with pytest.raises(LookupError, match="2 spans"):
        spans.named("two")
    with pytest.raises(LookupError, match="'one', 'two'"):
        spans.named("three")
