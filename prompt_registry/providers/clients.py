"""The clients that are kept open for connections, one for each project, connection and version."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from weakref import WeakKeyDictionary

import httpx2
import openai

from projects.outbound.addresses import parse_target
from projects.outbound.transport import GuardedTransport
from prompt_registry.providers.connections import TOTAL_SECONDS, Connection
from prompt_registry.providers.errors import KeyMissing

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 30.0

_CLIENTS_KEPT = 64
# Longer than any call may last, so no call loses its client.
_CLOSE_AFTER_SECONDS = TOTAL_SECONDS + 30.0

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, OrderedDict[tuple[int, int, int], openai.AsyncOpenAI]]
_clients = WeakKeyDictionary()


def client_for(connection: Connection) -> openai.AsyncOpenAI:
    """Return the open client of exactly this project, connection and version; only called on the provider loop."""
    kept = _clients.setdefault(asyncio.get_running_loop(), OrderedDict())
    client = kept.get(connection.key)
    if client is None:
        client = kept[connection.key] = _new_client(connection)
        _retire_others(kept, connection)
    kept.move_to_end(connection.key)
    return client


def _new_client(connection: Connection) -> openai.AsyncOpenAI:
    target = parse_target(connection.base_url)
    if not connection.api_key and not connection.allowlist.names(target):
        raise KeyMissing
    # Models on one's own machines often need no key, but the client always wants one.
    api_key = connection.api_key or "none"
    return openai.AsyncOpenAI(
        api_key=api_key,
        base_url=connection.base_url,
        max_retries=0,
        # Said here as well because OPENAI_CUSTOM_HEADERS of this process would otherwise win.
        default_headers={"Authorization": f"Bearer {api_key}"},
        http_client=httpx2.AsyncClient(
            transport=GuardedTransport(target=target, allowlist=connection.allowlist),
            timeout=httpx2.Timeout(IDLE_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        ),
    )


def _retire_others(kept: OrderedDict[tuple[int, int, int], openai.AsyncOpenAI], connection: Connection) -> None:
    older = [key for key in kept if key[:2] == connection.key[:2] and key != connection.key]
    surplus = list(kept)[: max(0, len(kept) - _CLIENTS_KEPT)]
    for key in {*older, *surplus}:
        asyncio.get_running_loop().call_later(_CLOSE_AFTER_SECONDS, _close_soon, kept.pop(key))


_closing: set[asyncio.Task[None]] = set()


def _close_soon(client: openai.AsyncOpenAI) -> None:
    task = asyncio.get_running_loop().create_task(client.close())
    _closing.add(task)
    task.add_done_callback(_closing.discard)


async def close_clients() -> None:
    """Close every client of the running loop."""
    for client in _clients.pop(asyncio.get_running_loop(), OrderedDict()).values():
        await client.close()
