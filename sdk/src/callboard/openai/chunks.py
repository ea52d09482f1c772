"""Joins the chunks of a streamed answer into the answer that would have come without streaming."""

from collections.abc import Mapping, Sequence
from typing import Any

Answer = dict[str, Any]


def plain(value: Any) -> Mapping[str, Any]:
    """Return an object of the openai library as plain values."""
    if isinstance(value, Mapping):
        return value
    dump = getattr(value, "model_dump", None)
    if not callable(dump):
        return {}
    # `data` are the vectors of an embedding, which nobody reads in a trace.
    dumped = dump(mode="json", exclude_none=True, warnings=False, exclude={"data"})
    return dumped if isinstance(dumped, Mapping) else {}


def join_chat(chunks: Sequence[Any]) -> Answer:
    """Return the chat completion that the chunks add up to."""
    answer, choices = _outline(chunks)
    for chunk in map(plain, chunks):
        for part in chunk.get("choices") or ():
            choice = choices.setdefault(part.get("index", 0), {"message": {"role": "assistant"}})
            _add_delta(choice["message"], part.get("delta") or {})
            choice["finish_reason"] = part.get("finish_reason") or choice.get("finish_reason")
    answer["choices"] = [_with_listed_calls(choices[index]) for index in sorted(choices)]
    return answer


def join_completion(chunks: Sequence[Any]) -> Answer:
    """Return the text completion that the chunks add up to."""
    answer, choices = _outline(chunks)
    for chunk in map(plain, chunks):
        for part in chunk.get("choices") or ():
            choice = choices.setdefault(part.get("index", 0), {"text": ""})
            choice["text"] += part.get("text") or ""
            choice["finish_reason"] = part.get("finish_reason") or choice.get("finish_reason")
    answer["choices"] = [choices[index] for index in sorted(choices)]
    return answer


def join_responses(events: Sequence[Any]) -> Answer:
    """Return the response in the last event, or the text so far when the stream ended early."""
    text: list[str] = []
    outline: Answer = {}
    for event in map(plain, events):
        response = event.get("response")
        if isinstance(response, Mapping):
            outline = dict(response)
        elif event.get("type") == "response.output_text.delta":
            text.append(str(event.get("delta", "")))
    if not outline.get("output") and text:
        part = {"type": "output_text", "text": "".join(text)}
        outline["output"] = [{"type": "message", "role": "assistant", "content": [part]}]
    return outline


def _outline(chunks: Sequence[Any]) -> tuple[Answer, dict[int, Answer]]:
    answer: Answer = {}
    for chunk in map(plain, chunks):
        for key in ("id", "model", "usage"):
            if chunk.get(key):
                answer[key] = chunk[key]
    return answer, {}


def _add_delta(message: Answer, delta: Mapping[str, Any]) -> None:
    if delta.get("role"):
        message["role"] = delta["role"]
    for key in ("content", "refusal"):
        if delta.get(key):
            message[key] = message.get(key, "") + delta[key]
    for part in delta.get("tool_calls") or ():
        calls = message.setdefault("tool_calls", {})
        call = calls.setdefault(part.get("index", 0), {"id": None, "function": {"name": "", "arguments": ""}})
        call["id"] = part.get("id") or call["id"]
        function = part.get("function") or {}
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""


def _with_listed_calls(choice: Answer) -> Answer:
    calls = choice["message"].get("tool_calls")
    if calls is not None:
        choice["message"]["tool_calls"] = [calls[index] for index in sorted(calls)]
    return choice
