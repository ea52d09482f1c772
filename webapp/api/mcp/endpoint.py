"""Lets models read what Callboard knows and propose changes, over the Model Context Protocol (Streamable HTTP)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import structlog
from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from psycopg_pool import PoolTimeout

from projects import keys
from projects.keys import Caller
from projects.roles import Scope
from webapp.access import Rule, declared
from webapp.api import auth, bodies, rate_limits
from webapp.api.admission import busy
from webapp.api.auth import CallerRequest
from webapp.api.errors import ApiError
from webapp.api.mcp import prompts, protocol, tools
from webapp.api.mcp.messages import INTERNAL_ERROR, METHOD_NOT_FOUND, Id, Message, RpcError, document_of, id_of, read

log = structlog.get_logger("callboard.api.mcp")

MAX_BODY_BYTES = 1024 * 1024
PER_MINUTE = 600
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Method:
    """What a client may ask for, with the permission that it needs and how long it may keep the answer."""

    answer: Callable[[Message, HttpRequest, Caller], dict[str, Any]]
    scope: Scope | None = None
    fresh_ms: int | None = None


_COMMON = {
    "prompts/list": Method(
        lambda message, _, caller: prompts.listed(message, caller), Scope.PROMPTS_READ, fresh_ms=60_000
    ),
    "prompts/get": Method(lambda message, _, caller: prompts.got(message, caller), Scope.PROMPTS_READ),
    "tools/list": Method(lambda message, _, caller: tools.listed(message, caller), fresh_ms=_HOUR_MS),
    "tools/call": Method(lambda message, request, _: tools.called(message, request)),
}
_MODERN = _COMMON | {
    protocol.DISCOVER: Method(lambda _, __, caller: protocol.discovered(caller), fresh_ms=_HOUR_MS),
}
_LEGACY = _COMMON | {
    "initialize": Method(lambda message, _, caller: protocol.initialized(message, caller)),
    "ping": Method(lambda _, __, ___: {}),
}


def _receive(request: HttpRequest) -> HttpResponse:
    """Answer one message, or say what is wrong with it, whatever happens."""
    known_id: Id = None
    try:
        caller = _known_caller(request)
        document = document_of(_body(request))
        known_id = id_of(document)
        message = read(document)
        version = protocol.version_of(message, request.headers)
        return HttpResponse(status=202) if message.is_notification else _reply(message, request, caller, version)
    except RpcError as error:
        return _failed(known_id, error)
    except ApiError as error:
        return _failed(known_id, RpcError(error.status, error.detail, status=error.status, headers=error.headers))
    except (OperationalError, InterfaceError, InternalError, PoolTimeout):
        away = busy("Callboard cannot reach its database right now. Nothing was changed; try again in a moment.")
        return _failed(known_id, RpcError(away.status, away.detail, status=away.status, headers=away.headers))
    except Exception:
        # The edge of the process: a client waits for JSON-RPC even about our own mistakes.
        log.exception("a message could not be answered")
        reference = getattr(request, "request_id", "")
        sentence = f"Callboard failed on this request; its log says why ({reference})."
        return _failed(known_id, RpcError(INTERNAL_ERROR, sentence))


def _known_caller(request: HttpRequest) -> Caller:
    if not _is_from_here(request):
        raise ApiError(403, "Pages of other sites may not call this address.")
    if request.method != "POST":
        raise ApiError(405, "Send messages with POST; there is no stream to open.", headers={"Allow": "POST"})
    caller = auth.caller(request, scope=None)
    cast(CallerRequest, request).auth = caller
    rate_limits.demand_pace(caller, kind="mcp", per_minute=PER_MINUTE)
    keys.touch(key_id=caller.key_id, used_by=request.headers.get("User-Agent", "").replace("\x00", ""))
    return caller


def _is_from_here(request: HttpRequest) -> bool:
    """Tell whether the request comes from a program, or from a page of this very site.

    A page of another site whose name was pointed at this server (DNS rebinding) still names its own origin.
    """
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "none") == "cross-site":
        return False
    if origin is None:
        return True
    own = urlsplit(settings.PUBLIC_URL)
    return origin.lower() == f"{own.scheme}://{own.netloc}".lower()


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise ApiError(415, "Send messages as application/json.")
    if bodies.wire_bytes(request) > MAX_BODY_BYTES:
        raise _too_large()
    body, _ = bodies.read(request)
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    return body


def _too_large() -> ApiError:
    return ApiError(413, "The message is larger than 1 MiB. Send less at once.")


def _reply(message: Message, request: HttpRequest, caller: Caller, version: str) -> HttpResponse:
    try:
        return _answered({"id": message.id, "result": _result(message, request, caller, version)})
    except RpcError as error:
        # To older clients the status speaks of the connection: with 404 they would take it for ended.
        return _failed(message.id, error, status=error.status if version == protocol.MODERN else 200)


def _result(message: Message, request: HttpRequest, caller: Caller, version: str) -> dict[str, Any]:
    method = (_MODERN if version == protocol.MODERN else _LEGACY).get(message.method)
    if method is None:
        raise RpcError(METHOD_NOT_FOUND, f"There is no method «{message.method}» here.")
    if method.scope is not None:
        auth.caller(request, scope=method.scope)
    result = method.answer(message, request, caller)
    return protocol.finished(result, version=version, fresh_ms=method.fresh_ms)


def _failed(known_id: Id, error: RpcError, *, status: int = 0) -> HttpResponse:
    told = {"code": error.code, "message": error.message, **({} if error.data is None else {"data": error.data})}
    response = _answered({"id": known_id, "error": told}, status=status or error.status)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="callboard"'
    for name, value in error.headers.items():
        response[name] = value
    return response


def _answered(answer: dict[str, Any], *, status: int = 200) -> HttpResponse:
    body = orjson.dumps({"jsonrpc": "2.0", **answer})
    response = HttpResponse(body, status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


view = csrf_exempt(declared(_receive, Rule("keys", why="each method asks for the permission of its own")))
