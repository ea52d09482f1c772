"""Sends one webhook through the guard: five seconds, no redirects, and only the beginning of the answer is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2
from django.conf import settings

from projects.outbound.addresses import Allowlist, Target, parse_target
from projects.outbound.errors import AddressRefused, OutboundError
from projects.outbound.look_ups import LookUp
from projects.outbound.transport import GuardedTransport, check_url, look_up

TIMEOUT_SECONDS = 5.0
MAX_ANSWER_BYTES = 2_048


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one try: the status and the beginning of the answer, or what went wrong."""

    took_ms: int
    status: int | None = None
    answer: str = ""
    error: str = ""

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def check(url: str, *, look_up: LookUp = look_up) -> None:
    """Refuse an address that this server may not call; used when an endpoint is saved."""
    check_url(url=_without_query(url), allowlist=allowlist(), look_up=look_up)


def post(*, url: str, body: bytes, headers: Mapping[str, str], look_up: LookUp = look_up) -> Reply:
    """Send the body and return what came of it; the address is checked again at this moment."""
    started = time.perf_counter()
    status, answer, error = asyncio.run(_post(url, body, headers, look_up))
    return Reply(round((time.perf_counter() - started) * 1_000), status, answer, error)


def allowlist() -> Allowlist:
    """Return the private addresses that webhooks of this installation may reach."""
    return Allowlist.parse(settings.WEBHOOK_ALLOWLIST, setting="CALLBOARD_WEBHOOK_ALLOWLIST")


async def _post(url: str, body: bytes, headers: Mapping[str, str], look_up: LookUp) -> tuple[int | None, str, str]:
    try:
        target = parse_target(_without_query(url))
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return *await _exchange(url, target, body, headers, look_up), ""
    except TimeoutError:
        return None, "", f"It took longer than {TIMEOUT_SECONDS:.0f} seconds to answer."
    except OutboundError as error:
        return None, "", str(error)
    except httpx2.HTTPError as error:
        return None, "", f"The connection failed: {error or type(error).__name__}"[:300]


async def _exchange(
    url: str, target: Target, body: bytes, headers: Mapping[str, str], look_up: LookUp
) -> tuple[int, str]:
    transport = GuardedTransport(target=target, allowlist=allowlist(), look_up=look_up)
    sent = {"Content-Type": "application/json", **headers}
    async with (
        httpx2.AsyncClient(transport=transport, trust_env=False, timeout=TIMEOUT_SECONDS) as client,
        client.stream("POST", url, content=body, headers=sent) as answer,
    ):
        return answer.status_code, await _beginning(answer)


async def _beginning(answer: httpx2.Response) -> str:
    found = b""
    async for chunk in answer.aiter_bytes():
        found += chunk
        if len(found) >= MAX_ANSWER_BYTES:
            break
    return found[:MAX_ANSWER_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")


def _without_query(url: str) -> str:
    """Return the address without its query, which chat services use for keys and which changes nothing about where it leads."""
    try:
        return str(httpx2.URL(url).copy_with(query=None))
    except (httpx2.InvalidURL, ValueError) as error:
        raise AddressRefused("This is not a complete address. Write it like https://example.com/hooks.") from error
