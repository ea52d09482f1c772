"""Describes LangChain's messages, documents and answers in plain values and span attributes."""

from collections.abc import Mapping
from typing import Any, Final

from callboard import messages
from callboard.jsonable import to_json

Attributes = dict[str, Any]
_ROLES: Final = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant", "chat": "user"}
_PARAMETERS: Final = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
}
_MODEL_NAMES: Final = ("model", "model_name", "model_id", "deployment_name")
_PROVIDERS: Final = {"azure": "azure.ai.openai", "google_genai": "gcp.gemini", "amazon_bedrock": "aws.bedrock"}
# What LangChain and LangGraph write into the metadata for themselves.
_OWN_METADATA: Final = ("ls_", "lc_", "langgraph_", "langsmith", "checkpoint", "__")
_OWN_TAGS: Final = ("seq:step:", "map:key:", "langsmith:", "graph:step:", "branch:", "condition:")
_MAX_DEPTH: Final = 6


def name_of(serialized: Mapping[str, Any] | None, facts: Mapping[str, Any], *, default: str) -> str:
    """Return the name of a run."""
    known = serialized or {}
    classes = known.get("id") or ()
    return str(facts.get("name") or known.get("name") or (classes[-1] if classes else default))


def tags(facts: Mapping[str, Any]) -> list[str] | None:
    """Return the tags that the application gave, without those that LangChain adds."""
    return [tag for tag in facts.get("tags") or () if not str(tag).startswith(_OWN_TAGS)] or None


def surroundings(facts: Mapping[str, Any]) -> Attributes:
    """Return the session and user that the metadata of a run names."""
    given = facts.get("metadata") or {}
    session = given.get("session_id") or given.get("thread_id") or given.get("conversation_id")
    user = given.get("user_id")
    return {
        "session.id": None if session is None else str(session),
        "user.id": None if user is None else str(user),
    }


def metadata(facts: Mapping[str, Any]) -> Attributes:
    """Return the metadata that the application gave."""
    given = facts.get("metadata") or {}
    return {key: value for key, value in given.items() if not str(key).startswith(_OWN_METADATA)}


def request(parameters: Mapping[str, Any], given: Mapping[str, Any], *, has_content: bool) -> Attributes:
    """Return the attributes of a request to a model, apart from its messages."""
    models = [parameters.get(name) for name in _MODEL_NAMES]
    provider = given.get("ls_provider")
    found: Attributes = {
        "gen_ai.request.model": next((model for model in models if model), given.get("ls_model_name")),
        "gen_ai.provider.name": _PROVIDERS.get(str(provider), provider),
        "gen_ai.request.temperature": given.get("ls_temperature"),
        "gen_ai.request.max_tokens": given.get("ls_max_tokens"),
    }
    found |= {_PARAMETERS[key]: value for key, value in parameters.items() if key in _PARAMETERS and value is not None}
    stop = parameters.get("stop")
    if isinstance(stop, list | tuple):
        found["gen_ai.request.stop_sequences"] = list(stop)
    if has_content and parameters.get("tools"):
        found["gen_ai.tool.definitions"] = to_json(parameters["tools"])
    return found


def sent_messages(sent: list[Any]) -> Attributes:
    """Return the messages sent to a chat model."""
    return {"gen_ai.input.messages": to_json([_converted(message) for message in sent])}


def sent_prompts(prompts: list[str]) -> Attributes:
    """Return the texts sent to a model that completes them."""
    return {"gen_ai.input.messages": to_json([messages.text_message("user", text) for text in prompts])}


def answer(response: Any, *, has_content: bool) -> Attributes:
    """Return the attributes of what a model answered."""
    generations = [generation for batch in getattr(response, "generations", None) or () for generation in batch]
    answered = [message for message in (getattr(found, "message", None) for found in generations) if message]
    facts = getattr(answered[0], "response_metadata", None) or {} if answered else {}
    outputs: Mapping[str, Any] = getattr(response, "llm_output", None) or {}
    reasons = [_finish_reason(generation) for generation in generations]
    found: Attributes = {
        "gen_ai.response.model": facts.get("model_name") or facts.get("model") or outputs.get("model_name"),
        "gen_ai.response.id": facts.get("id") or (getattr(answered[0], "id", None) if answered else None),
        "gen_ai.response.finish_reasons": [reason for reason in reasons if reason] or None,
        **_usage(answered, outputs),
    }
    if has_content and generations:
        found["gen_ai.output.messages"] = to_json([_converted_answer(generation) for generation in generations])
    return {key: value for key, value in found.items() if value is not None}


def document(found: Any) -> Any:
    """Return what a retriever found in plain values."""
    if not hasattr(found, "page_content"):
        return plain(found)
    return {
        "id": getattr(found, "id", None),
        "content": found.page_content,
        "metadata": plain(getattr(found, "metadata", None) or {}),
    }


def plain(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """Return the value with messages and documents in it turned into plain values; all else stays as it is."""
    if depth <= 0:
        return value
    if isinstance(value, Mapping):
        return {key: plain(item, depth - 1) for key, item in list(value.items())}
    if isinstance(value, list | tuple):
        return [plain(item, depth - 1) for item in value]
    if hasattr(value, "page_content"):
        return document(value)
    if callable(getattr(value, "to_messages", None)):
        return [plain(message, depth - 1) for message in value.to_messages()]
    return _chat_message(value) if _is_message(value) else value


def _is_message(value: Any) -> bool:
    return hasattr(value, "content") and hasattr(value, "type") and hasattr(value, "response_metadata")


def _chat_message(message: Any) -> dict[str, Any]:
    """Return the message in the form of the chat completions API."""
    role = getattr(message, "role", None) or _ROLES.get(message.type, message.type)
    converted: dict[str, Any] = {"role": role, "content": message.content}
    calls = getattr(message, "tool_calls", None)
    if calls:
        converted["content"] = message.content or None
        converted["tool_calls"] = [
            {"id": call.get("id"), "function": {"name": call.get("name"), "arguments": call.get("args")}}
            for call in calls
        ]
    if getattr(message, "tool_call_id", None):
        converted["tool_call_id"] = message.tool_call_id
    if getattr(message, "name", None):
        converted["name"] = message.name
    return converted


def _converted(message: Any) -> dict[str, Any]:
    return messages.chat_message(_chat_message(message) if _is_message(message) else {"content": str(message)})


def _converted_answer(generation: Any) -> dict[str, Any]:
    message = getattr(generation, "message", None)
    text = {"role": "assistant", "content": str(getattr(generation, "text", ""))}
    said = text if message is None else _chat_message(message)
    return messages.chat_message(said, finish_reason=_finish_reason(generation))


def _finish_reason(generation: Any) -> str | None:
    facts = getattr(getattr(generation, "message", None), "response_metadata", None) or {}
    info = getattr(generation, "generation_info", None) or {}
    reason = facts.get("finish_reason") or facts.get("stop_reason") or info.get("finish_reason")
    return None if reason is None else str(reason)


def _usage(answered: list[Any], outputs: Mapping[str, Any]) -> Attributes:
    reported = [usage for usage in (getattr(message, "usage_metadata", None) for message in answered) if usage]
    if not reported:
        older = outputs.get("token_usage") or outputs.get("usage") or {}
        return {
            "gen_ai.usage.input_tokens": older.get("prompt_tokens", older.get("input_tokens")),
            "gen_ai.usage.output_tokens": older.get("completion_tokens", older.get("output_tokens")),
        }
    sent, made = ([usage.get(side) or {} for usage in reported] for side in _DETAILS)
    return {
        "gen_ai.usage.input_tokens": sum(usage.get("input_tokens") or 0 for usage in reported),
        "gen_ai.usage.output_tokens": sum(usage.get("output_tokens") or 0 for usage in reported),
        "gen_ai.usage.cache_read.input_tokens": _total(sent, "cache_read"),
        "gen_ai.usage.cache_creation.input_tokens": _total(sent, "cache_creation"),
        "gen_ai.usage.reasoning.output_tokens": _total(made, "reasoning"),
    }


_DETAILS: Final = ("input_token_details", "output_token_details")


def _total(details: list[Any], key: str) -> int | None:
    known = [detail[key] for detail in details if detail.get(key) is not None]
    return sum(known) if known else None
