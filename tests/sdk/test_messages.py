"""Messages in the shape of the OpenTelemetry GenAI conventions."""

from callboard.messages import input_messages, output_messages


def text(role, content):
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def test_chat_messages_are_converted():
    sent = input_messages([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}])

    assert sent == [text("system", "Be kind."), text("user", "Hi")]


def test_a_plain_text_is_the_users_or_the_models():
    assert input_messages("Hi") == [text("user", "Hi")]
    assert output_messages("Hello") == [text("assistant", "Hello")]


def test_tool_calls_and_their_results_are_converted():
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}

    sent = input_messages(
        [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        ]
    )

    part = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": '{"city":"Bern"}'}
    result = {"type": "tool_call_response", "id": "c1", "result": "sunny"}
    assert sent == [{"role": "assistant", "parts": [part]}, {"role": "tool", "parts": [result]}]


def test_the_bytes_of_an_image_are_left_out_and_its_address_kept():
    data = "data:image/png;base64," + "A" * 5000

    [message] = input_messages(
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": data}},
                    {"type": "input_image", "image_url": "https://example.org/a.png"},
                    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                ],
            }
        ]
    )

    question, image, address, audio = message["parts"]
    assert question == {"type": "text", "content": "What is this?"}
    assert image["type"] == "blob"
    assert image["mime_type"] == "image/png"
    assert len(image["content"]) < 100
    assert address == {"type": "uri", "modality": "image", "uri": "https://example.org/a.png"}
    assert "AAAA" not in str(audio)


def test_the_entries_of_the_responses_api_are_converted():
    answered = output_messages(
        [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Thinking."}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "42"},
        ]
    )

    assert [part["type"] for message in answered for part in message["parts"]] == [
        "reasoning",
        "text",
        "tool_call",
        "tool_call_response",
    ]


def test_a_refusal_is_part_of_the_answer():
    [message] = output_messages({"role": "assistant", "content": None, "refusal": "I cannot do that."})

    assert message["parts"] == [{"type": "text", "content": "I cannot do that."}]


def test_what_is_not_messages_is_told_apart():
    assert input_messages(None) is None
    assert input_messages([]) is None
    assert input_messages([1, 2]) is None
    assert input_messages({"question": "Hi"}) is None
    assert input_messages([{"role": "user", "content": "Hi"}, "oops"]) is None
