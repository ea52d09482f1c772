"""The live process (ASGI): long answers that must not hold a thread. It imports no Django."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from webapp import asgi, live_prompts, live_routes, live_trials
from webapp.live_prompts import PromptStreams
from webapp.live_trials import TrialStreams
from webapp.simulated_provider import SimulatedProvider

Application = Callable[[MutableMapping[str, Any], asgi.Receive, asgi.Send], Awaitable[None]]


def create_application(*, simulated: SimulatedProvider, prompts: PromptStreams, trials: TrialStreams) -> Application:
    """Return the ASGI application of the live process."""

    async def application(scope: MutableMapping[str, Any], receive: asgi.Receive, send: asgi.Send) -> None:
        if scope["type"] == "lifespan":
            await _live_and_die(receive, send, prompts, trials)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["type"] == "http":
            await _answer(scope, receive, send)

    async def _answer(scope: MutableMapping[str, Any], receive: asgi.Receive, send: asgi.Send) -> None:
        # Only what live_routes declares can be reached.
        route = live_routes.route_of(scope["path"])
        if route is live_routes.LIVEZ:
            await asgi.send_json(send, 200, {"status": "ok"})
        elif route is live_routes.SIMULATED:
            await simulated.answer(scope, receive, send)
        elif route is live_routes.PROMPTS:
            await prompts.answer(scope, receive, send)
        elif route is live_routes.TRIALS:
            await trials.answer(scope, receive, send)
        else:
            await asgi.send_json(send, 404, {"status": 404, "title": "There is nothing at this address."})

    return application


async def _live_and_die(receive: asgi.Receive, send: asgi.Send, prompts: PromptStreams, trials: TrialStreams) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _allow_many_files()
            _when_told_to_stop(prompts.end_streams, trials.end_streams)
            prompts.start()
        else:
            await prompts.stop()
            await trials.stop()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _allow_many_files() -> None:
    """Every stream is an open file; the usual limit of 1,024 would be the first to be reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))


def _when_told_to_stop(*end_streams: Callable[[], None]) -> None:
    """End the streams at the first word: uvicorn waits for them before it says that it is stopping."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def stop(signal_number: int, frame: Any, before: Any = before) -> None:
            for end in end_streams:
                loop.call_soon_threadsafe(end)
            if callable(before):
                before(signal_number, frame)

        # Signals can be had in the main thread only; tests run the server in another.
        with suppress(ValueError):
            signal.signal(number, stop)


application = create_application(
    simulated=SimulatedProvider(), prompts=live_prompts.from_environment(), trials=live_trials.from_environment()
)
