"""The shapes of the OpenAI API for what the simulated model planned."""

from __future__ import annotations

import array
import base64
import json
import sys
from collections.abc import Iterator
from typing import Any

from prompt_registry.providers.simulated.answers import Answer, Failure
from prompt_registry.providers.simulated.embeddings import DIMENSIONS, MAX_DIMENSIONS, embed
from prompt_registry.providers.simulated.models import EMBEDDING_MODEL, MODELS
from prompt_registry.providers.simulated.requests import ChatRequest, InvalidRequest
from prompt_registry.providers.simulated.tokens import estimate_tokens

FINGERPRINT = "simulated"
_MAX_INPUTS = 2_048


def completion(*, request: ChatRequest, answer: Answer, created_at: int) -> dict[str, Any]:
    """Return the body of a whole answer."""
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    return {
        **_head(request, "chat.completion", created_at),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}],
        "usage": usage(answer),
    }


def stream_head(*, request: ChatRequest, created_at: int) -> dict[str, Any]:
    """Return the first chunk of a stream, which only names the role."""
    return _chunk(request, created_at, {"role": "assistant", "content": ""}, None)


def stream_piece(*, request: ChatRequest, text: str, created_at: int) -> dict[str, Any]:
    """Return a chunk with a piece of the answer."""
    return _chunk(request, created_at, {"content": text}, None)


def stream_tail(*, request: ChatRequest, answer: Answer, created_at: int) -> Iterator[dict[str, Any]]:
    """Yield the chunks that end a stream: why it ended, and the usage when it was asked for."""
    yield _chunk(request, created_at, {}, answer.finish_reason)
    if request.include_usage:
        yield {**_head(request, "chat.completion.chunk", created_at), "choices": [], "usage": usage(answer)}


def _chunk(request: ChatRequest, created_at: int, delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**_head(request, "chat.completion.chunk", created_at), "choices": [choice]}


def _head(request: ChatRequest, kind: str, created_at: int) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-simulated-{request.digest[:24]}",
        "object": kind,
        "created": created_at,
        "model": request.model,
        "system_fingerprint": FINGERPRINT,
    }


def usage(answer: Answer) -> dict[str, Any]:
    """Return the token counts of an answer."""
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def models(*, created_at: int) -> dict[str, Any]:
    """Return the list of models."""
    names = [*MODELS, EMBEDDING_MODEL]
    data = [{"id": name, "object": "model", "created": created_at, "owned_by": FINGERPRINT} for name in names]
    return {"object": "list", "data": data}


def embeddings(body: Any) -> dict[str, Any]:
    """Return the embeddings that a request body asks for."""
    if not isinstance(body, dict) or body.get("model") != EMBEDDING_MODEL:
        message = f"The model does not exist. The simulated embedding model is {EMBEDDING_MODEL}."
        raise InvalidRequest(message, param="model", code="model_not_found", status=404)
    texts = _inputs(body.get("input"))
    dimensions = body.get("dimensions", DIMENSIONS)
    if isinstance(dimensions, bool) or not isinstance(dimensions, int) or not 1 <= dimensions <= MAX_DIMENSIONS:
        raise InvalidRequest(f"Invalid 'dimensions': expected 1 to {MAX_DIMENSIONS}.", param="dimensions")
    vectors = [embed(text, dimensions=dimensions) for text in texts]
    packed = [_base64(vector) for vector in vectors] if body.get("encoding_format") == "base64" else vectors
    tokens = sum(estimate_tokens(text) for text in texts)
    return {
        "object": "list",
        "model": EMBEDDING_MODEL,
        "data": [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(packed)],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _inputs(value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if (
        not isinstance(texts, list)
        or not 0 < len(texts) <= _MAX_INPUTS
        or not all(isinstance(one, str) for one in texts)
    ):
        message = f"Invalid 'input': expected a string or an array of 1 to {_MAX_INPUTS} strings."
        raise InvalidRequest(message, param="input")
    return texts


def _base64(vector: list[float]) -> str:
    floats = array.array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return base64.b64encode(floats.tobytes()).decode("ascii")


def failure_body(failure: Failure) -> dict[str, Any]:
    """Return the error body of a planted failure."""
    kind = "requests" if failure.status == 429 else "server_error"
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": failure.code}}


def invalid_body(error: InvalidRequest) -> dict[str, Any]:
    """Return the error body for a request that is not accepted."""
    kind = "invalid_request_error"
    return {"error": {"message": str(error), "type": kind, "param": error.param, "code": error.code}}


def event(data: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"


DONE = b"data: [DONE]\n\n"
