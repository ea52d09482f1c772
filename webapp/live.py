"""The live process (ASGI): long answers that must not hold a thread. It imports no Django and uses no database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from webapp import asgi
from webapp.simulated_provider import SimulatedProvider

Application = Callable[[MutableMapping[str, Any], asgi.Receive, asgi.Send], Awaitable[None]]


def create_application(*, simulated: SimulatedProvider) -> Application:
    """Return the ASGI application of the live process."""

    async def application(scope: MutableMapping[str, Any], receive: asgi.Receive, send: asgi.Send) -> None:
        match scope["type"]:
            case "lifespan":
                await _live_and_die(receive, send)
            case "http" if scope["path"] == "/livez":
                await asgi.send_json(send, 200, {"status": "ok"})
            case "http" if scope["path"].startswith(simulated.prefix):
                await simulated.answer(scope, receive, send)
            case "http":
                await asgi.send_json(send, 404, {"status": 404, "title": "There is nothing at this address."})
            case "websocket":
                await send({"type": "websocket.close"})

    return application


async def _live_and_die(receive: asgi.Receive, send: asgi.Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


application = create_application(simulated=SimulatedProvider())
