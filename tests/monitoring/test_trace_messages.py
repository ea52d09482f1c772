import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.trace_messages import Message, ToolCall, conversation


def read(*items):
    return conversation(orjson.dumps(list(items)).decode())


def test_messages_are_read_with_their_roles():
    assert read({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}) == [
        Message("system", "Be brief."),
        Message("user", "Hi"),
    ]


def test_tool_calls_and_their_answers_are_read():
    found = read(
        {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "name": "order", "arguments": '{"id": 7}'}]},
        {"role": "tool", "tool_call_id": "1", "content": "shipped"},
    )

    assert found[0].tool_calls == (ToolCall("order", '{"id": 7}', "1"),)
    assert (found[1].role, found[1].name, found[1].content) == ("tool", "1", "shipped")


def test_parts_that_are_not_text_are_kept_as_json():
    message = read(
        {"role": "user", "content": "look", "parts": [{"type": "image", "url": "https://example.com/x.png"}]}
    )[0]

    assert '"image"' in message.other
    assert message.length > len("look")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "plain words",
        "[1, 2]",
        '{"role": "user"}',
        '[{"content": "no role"}]',
        '[{"role": "user", "content": "cut off',
    ],
)
def test_what_is_not_a_conversation_is_left_to_be_shown_as_text(text):
    assert conversation(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
OPTIONAL = dict.fromkeys(("content", "tool_calls", "name", "parts", "finish_reason"), JSON)


@given(st.lists(st.fixed_dictionaries({"role": JSON}, optional=OPTIONAL)))
def test_no_shape_of_message_breaks_the_reader(items):
    assert len(read(*items)) == len(items)
