"""Describes requests and answers of the OpenAI API as span attributes. Runs in the background, on plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from callboard import messages
from callboard.jsonable import to_json
from callboard.openai import chunks

Attributes = dict[str, Any]
# Arguments of the API and the attribute each becomes; the same in all operations.
_PARAMETERS: Final = {
    "model": "gen_ai.request.model",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "stream": "gen_ai.request.stream",
    "reasoning_effort": "gen_ai.request.reasoning.level",
    "dimensions": "gen_ai.embeddings.dimension.count",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of call: what it is named, and how its request, answer and stream are described."""

    name: str
    kind: str
    content: Callable[[Mapping[str, Any]], Attributes]
    answer: Callable[[Mapping[str, Any]], Attributes]
    answer_content: Callable[[Mapping[str, Any]], Attributes]
    join: Callable[[Sequence[Any]], Mapping[str, Any]]


def request_attributes(arguments: Mapping[str, Any]) -> Attributes:
    """Return the attributes that the arguments of a call have, apart from its content."""
    found: Attributes = {
        name: arguments[key] for key, name in _PARAMETERS.items() if isinstance(arguments.get(key), str | int | float)
    }
    if isinstance(arguments.get("n"), int) and arguments["n"] != 1:
        found["gen_ai.request.choice.count"] = arguments["n"]
    stop = arguments.get("stop")
    if isinstance(stop, str | list):
        found["gen_ai.request.stop_sequences"] = [stop] if isinstance(stop, str) else stop
    if isinstance(arguments.get("encoding_format"), str):
        found["gen_ai.request.encoding_formats"] = [arguments["encoding_format"]]
    reasoning = arguments.get("reasoning")
    if isinstance(reasoning, Mapping) and reasoning.get("effort"):
        found["gen_ai.request.reasoning.level"] = reasoning["effort"]
    return found


def _chat_content(arguments: Mapping[str, Any]) -> Attributes:
    return _sent_messages(arguments.get("messages")) | _tools(arguments)


def _responses_content(arguments: Mapping[str, Any]) -> Attributes:
    found = _sent_messages(arguments.get("input")) | _tools(arguments)
    if isinstance(arguments.get("instructions"), str):
        instructions = [{"type": "text", "content": arguments["instructions"]}]
        found["gen_ai.system_instructions"] = to_json(instructions)
    return found


def _text_content(key: str) -> Callable[[Mapping[str, Any]], Attributes]:
    def content(arguments: Mapping[str, Any]) -> Attributes:
        value = arguments.get(key)
        if isinstance(value, str):
            return {"input.value": value, "input.mime_type": "text/plain"}
        if isinstance(value, list):
            return {"input.value": to_json(value), "input.mime_type": "application/json"}
        return {}

    return content


def _sent_messages(value: Any) -> Attributes:
    sent = messages.input_messages(value)
    return {} if sent is None else {"gen_ai.input.messages": to_json(sent)}


def _tools(arguments: Mapping[str, Any]) -> Attributes:
    tools = arguments.get("tools")
    return {"gen_ai.tool.definitions": to_json(tools)} if isinstance(tools, list) and tools else {}


def _answer(answer: Mapping[str, Any]) -> Attributes:
    return {
        "gen_ai.response.model": answer.get("model"),
        "gen_ai.response.id": answer.get("id"),
        **_usage(answer.get("usage")),
    }


def _chat_answer(answer: Mapping[str, Any]) -> Attributes:
    reasons = [choice.get("finish_reason") for choice in _choices(answer)]
    return _answer(answer) | {"gen_ai.response.finish_reasons": [reason for reason in reasons if reason] or None}


def _chat_answer_content(answer: Mapping[str, Any]) -> Attributes:
    answered = [
        messages.chat_message(choice.get("message") or {}, finish_reason=choice.get("finish_reason"))
        for choice in _choices(answer)
    ]
    return {"gen_ai.output.messages": to_json(answered)} if answered else {}


def _completion_answer_content(answer: Mapping[str, Any]) -> Attributes:
    answered = [messages.text_message("assistant", str(choice.get("text", ""))) for choice in _choices(answer)]
    return {"gen_ai.output.messages": to_json(answered)} if answered else {}


def _responses_answer(answer: Mapping[str, Any]) -> Attributes:
    details = answer.get("incomplete_details") or {}
    reason = {"completed": "stop"}.get(str(answer.get("status")), details.get("reason"))
    return _answer(answer) | {"gen_ai.response.finish_reasons": [reason] if reason else None}


def _responses_answer_content(answer: Mapping[str, Any]) -> Attributes:
    answered = messages.input_messages(list(answer.get("output") or ()))
    return {} if answered is None else {"gen_ai.output.messages": to_json(answered)}


def _nothing(answer: Mapping[str, Any]) -> Attributes:
    return {}


def _choices(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [choice for choice in answer.get("choices") or () if isinstance(choice, Mapping)]


def _usage(usage: Any) -> Attributes:
    if not isinstance(usage, Mapping):
        return {}
    sent = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    answered = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    return {
        "gen_ai.usage.input_tokens": usage.get("prompt_tokens", usage.get("input_tokens")),
        "gen_ai.usage.output_tokens": usage.get("completion_tokens", usage.get("output_tokens")),
        "gen_ai.usage.cache_read.input_tokens": sent.get("cached_tokens"),
        "gen_ai.usage.reasoning.output_tokens": answered.get("reasoning_tokens"),
    }


CHAT: Final = Operation("chat", "llm", _chat_content, _chat_answer, _chat_answer_content, chunks.join_chat)
RESPONSES: Final = Operation(
    "chat", "llm", _responses_content, _responses_answer, _responses_answer_content, chunks.join_responses
)
COMPLETION: Final = Operation(
    "text_completion",
    "llm",
    _text_content("prompt"),
    _chat_answer,
    _completion_answer_content,
    chunks.join_completion,
)
EMBEDDINGS: Final = Operation(
    "embeddings", "embedding", _text_content("input"), _answer, _nothing, chunks.join_completion
)
