"""The OpenAI-compatible HTTP surface of the simulated model, for the demo, for trying things out and for tests."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from typing import Any

from prompt_registry.providers.simulated import wire
from prompt_registry.providers.simulated.answers import Answer, Failure, answer
from prompt_registry.providers.simulated.models import MODELS, SimulatedModel
from prompt_registry.providers.simulated.requests import ChatRequest, InvalidRequest, parse_chat_request
from webapp import asgi

_MAX_BODY_BYTES = 4 * 1024 * 1024
_MAX_IN_FLIGHT = 512
_REQUESTS_REMEMBERED = 4_096


class SimulatedProvider:
    """Serves `/simulated/v1/…`; `time_scale` 0 answers at once, for tests."""

    prefix = "/simulated/v1"

    def __init__(self, *, models: Mapping[str, SimulatedModel] = MODELS, time_scale: float = 1.0) -> None:
        self._models = models
        self._time_scale = time_scale
        self._attempts: OrderedDict[str, int] = OrderedDict()
        self._in_flight = 0

    async def answer(self, scope: MutableMapping[str, Any], receive: asgi.Receive, send: asgi.Send) -> None:
        """Answer one HTTP request."""
        try:
            await self._route(scope["method"], scope["path"].removeprefix(self.prefix).rstrip("/"), receive, send)
        except InvalidRequest as error:
            await asgi.send_json(send, error.status, wire.invalid_body(error))
        except asgi.Disconnected:
            return

    async def _route(self, method: str, path: str, receive: asgi.Receive, send: asgi.Send) -> None:
        now = int(time.time())
        match method, path:
            case "POST", "/chat/completions":
                await self._chat(parse_chat_request(await _read_json(receive)), receive, send)
            case "POST", "/embeddings":
                await asgi.send_json(send, 200, wire.embeddings(await _read_json(receive)))
            case "GET", "/models":
                await asgi.send_json(send, 200, wire.models(created_at=now))
            case _, "/chat/completions" | "/embeddings" | "/models":
                raise InvalidRequest(f"Not allowed to {method} on {path}.", status=405)
            case _:
                raise InvalidRequest(
                    f"Unknown request URL: {method} {path}. It is not part of the simulated API.", status=404
                )

    async def _chat(self, request: ChatRequest, receive: asgi.Receive, send: asgi.Send) -> None:
        if self._in_flight >= _MAX_IN_FLIGHT:
            await _send_failure(send, Failure(429, "rate_limit_exceeded", "Too many calls at once.", 1, 0.0))
            return
        plan = answer(request, model=self._models[request.model], attempt=self._attempt(request))
        listener = asgi.Listener(receive)
        self._in_flight += 1
        try:
            await self._carry_out(request, plan, listener, send)
        finally:
            self._in_flight -= 1
            await listener.close()

    def _attempt(self, request: ChatRequest) -> int:
        # The same request sent again meets new luck, or a client's retries would all fail alike.
        attempt = self._attempts.pop(request.digest, 0) + 1
        self._attempts[request.digest] = attempt
        if len(self._attempts) > _REQUESTS_REMEMBERED:
            self._attempts.popitem(last=False)
        return attempt

    async def _carry_out(
        self, request: ChatRequest, plan: Answer | Failure, listener: asgi.Listener, send: asgi.Send
    ) -> None:
        now = int(time.time())
        if isinstance(plan, Answer) and request.stream:
            await self._stream(request, plan, listener, send, now)
        elif not await listener.waits(plan.latency_ms / 1_000 * self._time_scale):
            return
        elif isinstance(plan, Failure):
            await _send_failure(send, plan)
        else:
            await asgi.send_json(send, 200, wire.completion(request=request, answer=plan, created_at=now))

    async def _stream(
        self, request: ChatRequest, plan: Answer, listener: asgi.Listener, send: asgi.Send, now: int
    ) -> None:
        await asgi.start(send, 200, [(b"content-type", b"text/event-stream; charset=utf-8")])
        await asgi.send_part(send, wire.event(wire.stream_head(request=request, created_at=now)))
        for chunk in plan.chunks():
            if not await listener.waits(chunk.delay_ms / 1_000 * self._time_scale):
                return
            piece = wire.stream_piece(request=request, text=chunk.text, created_at=now)
            await asgi.send_part(send, wire.event(piece))
        for tail in wire.stream_tail(request=request, answer=plan, created_at=now):
            await asgi.send_part(send, wire.event(tail))
        await asgi.send_part(send, wire.DONE, is_last=True)


async def _read_json(receive: asgi.Receive) -> Any:
    try:
        return json.loads(await asgi.read_body(receive, limit=_MAX_BODY_BYTES))
    except asgi.BodyTooLarge as error:
        raise InvalidRequest("The request is larger than 4 MiB.", status=413) from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("We could not parse the JSON body of your request.") from error


async def _send_failure(send: asgi.Send, failure: Failure) -> None:
    headers = []
    if failure.retry_after_seconds is not None:
        headers.append((b"retry-after", str(failure.retry_after_seconds).encode()))
    await asgi.send_json(send, failure.status, wire.failure_body(failure), headers)
