"""Reading prompts from JSON and forms: what is kept, what is refused, in which words."""

from __future__ import annotations

import pytest

from prompt_registry import contents
from prompt_registry.contents import Message, Placeholder, Variable
from prompt_registry.errors import ContentNotUsable


def _problems(raw: dict[str, object]) -> dict[str, str]:
    with pytest.raises(ContentNotUsable) as refusal:
        contents.parse(raw)
    return {problem.field: problem.sentence for problem in refusal.value.problems}


def _chat(*messages: dict[str, object], **more: object) -> dict[str, object]:
    return {"type": "chat", "messages": list(messages), **more}


USER = {"role": "user", "content": "Hello {{name}}"}


def test_blanks_are_found_in_the_text_and_merged_with_what_was_described():
    content = contents.parse(_chat(
        {"role": "system", "content": "{{shop}} {{ name }} {{shop}} {{not a blank}} {{1}}"},
        variables=[{"name": "name", "description": "The customer", "sample": "Ana", "required": False}, {"name": "gone"}],
    ))  # fmt: skip

    assert content.variables == (Variable("shop"), Variable("name", "The customer", "Ana", required=False))


def test_equal_prompts_have_equal_hashes_whatever_the_order_of_keys():
    first = contents.parse(_chat(USER, settings={"model": "m", "temperature": 1}))
    second = contents.parse(
        _chat({"content": "Hello {{name}}", "role": "user"}, settings={"temperature": "1,0", "model": " m "})
    )

    assert first.hash == second.hash


@pytest.mark.parametrize("change", [
    {"messages": [{"role": "system", "content": "Hello {{name}}"}]}, {"settings": {"model": "other"}},
    {"variables": [{"name": "name", "sample": "Ana"}]}, {"messages": [USER, USER]},
])  # fmt: skip
def test_any_change_changes_the_hash(change):
    assert contents.parse(_chat(USER) | change).hash != contents.parse(_chat(USER)).hash


def test_line_ends_of_a_browser_make_no_difference():
    content = contents.parse({"type": "text", "text": "one\r\ntwo\rthree\x00"})

    assert content.text == "one\ntwo\nthree"


def test_a_placeholder_is_read():
    content = contents.parse(_chat({"type": "placeholder", "name": "history"}, USER))

    assert content.messages == (Placeholder("history"), Message("user", "Hello {{name}}"))


def test_every_problem_is_named_at_once():
    problems = _problems(_chat(
        {"role": "user", "content": "  "}, {"type": "placeholder", "name": "no spaces"}, {"role": "wizard", "content": "x"},
        settings={"temperature": 3, "top_p": "x", "max_tokens": 1.5, "colour": "red", "response_schema": "{", "stop": [1]},
    ))  # fmt: skip

    assert set(problems) == {
        "messages.0.content", "messages.1.name", "messages.2.role", "settings.temperature", "settings.top_p",
        "settings.max_tokens", "settings.colour", "settings.response_schema", "settings.stop",
    }  # fmt: skip
    assert problems["settings.temperature"] == "Creativity: enter a number from 0 to 2."
    assert problems["messages.0.content"].startswith("Message 1 (User says) is empty.")


@pytest.mark.parametrize("raw", [{"type": "text", "text": " "}, {"type": "chat", "messages": []}, {"type": "chat"}])
def test_an_empty_prompt_is_refused(raw):
    assert _problems(raw)


def test_a_blank_and_an_inserted_conversation_cannot_share_a_name():
    assert "used twice" in _problems(_chat(USER, {"type": "placeholder", "name": "name"}))["messages.1.name"]


@pytest.mark.parametrize("raw", [
    _chat("not an object"), _chat(USER, variables="x"), _chat(USER, settings=[1]), {"type": "chat", "messages": "x"},
    {"type": "text", "text": 5}, _chat({"role": "user", "content": ["parts"]}),
])  # fmt: skip
def test_the_wrong_kind_of_json_is_a_problem_and_not_a_crash(raw):
    assert _problems(raw)


def test_the_size_limit_counts_every_message():
    big = {"role": "user", "content": "x" * 140_000}

    assert "256 KiB" in _problems(_chat(big, big))["text"]


def test_settings_leave_out_what_is_not_set():
    raw = {
        "temperature": "0",
        "model": "",
        "stop": "END\n\nSTOP",
        "response_schema": '{"type": "object"}',
        "tools": None,
    }

    settings = contents.parse(_chat(USER, settings=raw)).settings

    assert settings.to_json() == {"temperature": 0.0, "stop": ["END", "STOP"], "response_schema": {"type": "object"}}


@pytest.mark.parametrize("schema", ["[" * 5_000, '{"a": NaN}', "[1]", '{"a":' * 70 + "1" + "}" * 70])
def test_a_hostile_schema_is_refused_in_words(schema):
    assert "settings.response_schema" in _problems(_chat(USER, settings={"response_schema": schema}))


def test_a_schema_is_stored_without_characters_the_database_refuses():
    settings = contents.parse(_chat(USER, settings={"response_schema": '{"a\\u0000": "\\ud800"}'})).settings

    assert settings.response_schema == {"a": "?"}


def test_a_half_finished_draft_is_read_as_far_as_possible():
    content, problems = contents.read(
        _chat({"role": "user", "content": ""}, settings={"temperature": "warm", "model": "m"})
    )

    assert content.settings.model == "m"
    assert content.messages == (Message("user", ""),)
    assert [problem.field for problem in problems] == ["settings.temperature"]


def test_what_only_the_application_reads_is_kept_as_an_object():
    settings = contents.parse(_chat(USER, settings={"custom": '{"languages": ["en"]}'})).settings

    assert settings.to_json() == {"custom": {"languages": ["en"]}}
    assert "settings.custom" in _problems(_chat(USER, settings={"custom": "[1]"}))
    assert "settings.custom" in _problems(_chat(USER, settings={"custom": {"a": "x" * 70_000}}))
