"""How fast a model may be asked over a connection: learnt from what the provider says, shared by all workers in Redis.

Without Redis every process goes on with what it learns alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import redis.asyncio
import structlog
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from prompt_registry.providers.connections import Connection
from prompt_registry.providers.headroom import Headroom
from prompt_registry.providers.limit_script import SCRIPT
from prompt_registry.providers.local_limits import LocalLimit

log = structlog.get_logger("callboard.limits")

MOST_SECONDS = 60.0
_REDIS_SECONDS = 0.5
# While Redis is away nobody waits for it again and again.
_AWAY_SECONDS = 5.0
_LOCALS_KEPT = 1_024

_scripts: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncScript] = WeakKeyDictionary()
_locals: dict[str, LocalLimit] = {}
_away_until = 0.0


def name_of(connection: Connection, model: str) -> str:
    """Return what the limit is kept under: a key of another account, or another model, has a limit of its own."""
    return f"callboard:limit:{connection.project_id}:{connection.id}:{connection.version}:{model[:120]}"


async def take(name: str, *, tokens: int) -> float:
    """Take room for one call of so many tokens, or return the seconds to wait before asking again; then nothing is taken."""
    wait = await _run(name, "take", [tokens])
    return _local(name).take(now=time.monotonic()) if wait is None else wait / 1_000


async def refused(name: str, *, retry_after_seconds: float | None) -> None:
    """Learn that the provider said «too many»: everybody waits as long as it wants, and is slower from then on."""
    seconds = min(max(retry_after_seconds or 0.0, 0.0), MOST_SECONDS)
    _local(name).refused(now=time.monotonic(), retry_after=seconds)
    await _run(name, "refused", [round(seconds * 1_000)])


async def answered(name: str, *, reserved_tokens: int, tokens: int, headroom: Headroom) -> None:
    """Learn how many tokens a call really took, and what the provider says is left."""
    _local(name).answered(now=time.monotonic(), block_seconds=headroom.block_seconds)
    known = [headroom.token_limit or 0, headroom.tokens_left or 0, round(headroom.block_seconds * 1_000)]
    await _run(name, "answered", [tokens - reserved_tokens, *known])


def forget() -> None:
    """Start anew, as a new process does."""
    global _away_until
    _locals.clear()
    _away_until = 0.0


async def _run(name: str, verb: str, values: Sequence[int]) -> int | None:
    """Return what the script says, None when Redis does not answer."""
    global _away_until
    if time.monotonic() < _away_until:
        return None
    try:
        return int(await _script()(keys=[name], args=[verb, *values]))
    except (RedisError, OSError, TimeoutError) as error:
        _away_until = time.monotonic() + _AWAY_SECONDS
        log.warning("limits_alone", error=str(error))
        return None


def _script() -> AsyncScript:
    loop = asyncio.get_running_loop()
    if loop not in _scripts:
        client = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )  # fmt: skip
        _scripts[loop] = client.register_script(SCRIPT)
    return _scripts[loop]


async def close() -> None:
    """Close the connection to Redis of the running loop."""
    script = _scripts.pop(asyncio.get_running_loop(), None)
    if script is not None:
        await script.registered_client.aclose()


def _local(name: str) -> LocalLimit:
    if len(_locals) > _LOCALS_KEPT:
        _locals.clear()
    return _locals.setdefault(name, LocalLimit())
