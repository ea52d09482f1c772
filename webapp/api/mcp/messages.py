"""JSON-RPC 2.0 as the Model Context Protocol uses it: one message a request, and its errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_PROTOCOL_VERSION = -32022
_STATUSES = {METHOD_NOT_FOUND: 404, INTERNAL_ERROR: 500}
_MAX_METHOD = 100

Id = str | int | None


class RpcError(Exception):
    """A refusal with its code and one clear sentence; the HTTP status follows from the code unless it is given."""

    def __init__(
        self, code: int, message: str, *, data: Any = None, status: int = 0, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.status = status or _STATUSES.get(code, 400)
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or without an id a notification, which nobody answers."""

    id: Id
    method: str
    params: dict[str, Any]

    @property
    def is_notification(self) -> bool:
        return self.id is None

    @property
    def meta(self) -> dict[str, Any]:
        """What the client says about the request itself."""
        found = self.params.get("_meta")
        return found if isinstance(found, dict) else {}


def document_of(body: bytes) -> dict[str, Any]:
    """Return the one JSON object that a body holds."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RpcError(PARSE_ERROR, "The body is not valid JSON.") from error
    if isinstance(document, list):
        raise RpcError(INVALID_REQUEST, "Batches are not supported. Send each message in a request of its own.")
    if not isinstance(document, dict):
        raise RpcError(INVALID_REQUEST, "The body must be one JSON-RPC message.")
    return document


def id_of(document: dict[str, Any]) -> Id:
    """Return the id of a request as far as it can be used, for answers to what is otherwise wrong."""
    found = document.get("id")
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def read(document: dict[str, Any]) -> Message:
    """Return the message, or raise with what is wrong about it."""
    if document.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, 'The message must say "jsonrpc": "2.0".')
    method, params = document.get("method"), document.get("params", {})
    if not isinstance(method, str) or not 0 < len(method) <= _MAX_METHOD:
        raise RpcError(INVALID_REQUEST, "The message names no «method». Answers to requests are not taken here.")
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "«params» must be an object.")
    if "id" in document and id_of(document) is None:
        raise RpcError(INVALID_REQUEST, "The «id» of a request must be a text or a whole number.")
    return Message(id_of(document), method, params)


def text_in(params: dict[str, Any], name: str, *, at_most: int = 300) -> str:
    """Return a text among the parameters, empty when it is not there."""
    found = params.get(name)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > at_most or "\x00" in found:
        raise RpcError(INVALID_PARAMS, f"«{name}» must be a text of at most {at_most} characters.")
    return found


def object_in(params: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object among the parameters, an empty one when it is not there."""
    found = params.get(name)
    if found is not None and not isinstance(found, dict):
        raise RpcError(INVALID_PARAMS, f"«{name}» must be an object.")
    return found or {}
