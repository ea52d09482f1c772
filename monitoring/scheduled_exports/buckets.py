"""Writes objects to an S3-compatible store through the guard: one request an object, no redirects, checked addresses only.

The usual clients bring their own connections, which look a name up again after it was checked; three small requests do not.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

import httpx2
from django.conf import settings
from django.utils import timezone

from monitoring.scheduled_exports import s3_signatures
from monitoring.scheduled_exports.errors import StoreError
from monitoring.scheduled_exports.s3_signatures import Keys, quoted
from projects.outbound.addresses import Allowlist, parse_target
from projects.outbound.errors import OutboundError
from projects.outbound.look_ups import LookUp
from projects.outbound.transport import GuardedTransport, check_url, look_up

# For an object of up to 16 MiB.
TIMEOUT_SECONDS = 60.0
_MOST_ANSWER_BYTES = 4_096
_CODE = re.compile(rb"<Code>([A-Za-z]{3,60})</Code>")
_REFUSED = {
    "InvalidAccessKeyId": "The store does not know this access key.",
    "SignatureDoesNotMatch": "The store refused the signature: the secret does not belong to this access key.",
    "AccessDenied": "This access key may not write to the bucket. Allow it to put and to delete objects there.",
    "NoSuchBucket": "There is no such bucket. Make it first, or correct its name.",
    "AuthorizationHeaderMalformed": "The store expects another region. Correct the region of this export.",
    "RequestTimeTooSkewed": "The clock of this server is wrong by more than the store accepts.",
    "PermanentRedirect": "The bucket is in another region. Enter the address of that region.",
    "EntityTooLarge": "The store takes no object of this size.",
}


def allowlist() -> Allowlist:
    """Return the private addresses that exports of this installation may reach."""
    return Allowlist.parse(settings.EXPORT_ALLOWLIST, setting="CALLBOARD_EXPORT_ALLOWLIST")


def check(endpoint: str, *, look_up: LookUp = look_up) -> None:
    """Refuse an address that this server may not call; used when an export is saved."""
    check_url(url=endpoint, allowlist=allowlist(), look_up=look_up)


@dataclass(frozen=True, slots=True)
class BucketStore:
    """The objects of one export below a prefix of a bucket."""

    endpoint: str
    bucket: str
    root: str
    keys: Keys
    look_up: LookUp = look_up

    def put(self, name: str, data: bytes) -> None:
        self._ask("PUT", name, data)

    def remove(self, name: str) -> None:
        self._ask("DELETE", name, b"")

    def _ask(self, method: str, name: str, body: bytes) -> None:
        try:
            status, answer = asyncio.run(self._exchange(method, name, body))
        except TimeoutError as error:
            raise StoreError(f"The store took longer than {TIMEOUT_SECONDS:.0f} seconds to take an object.") from error
        except OutboundError as error:
            raise StoreError(str(error)) from error
        except httpx2.HTTPError as error:
            raise StoreError(_failure(error)) from error
        is_gone = method == "DELETE" and status == 404 and _code(answer) != "NoSuchBucket"
        if not 200 <= status < 300 and not is_gone:
            raise StoreError(_words(status, answer))

    async def _exchange(self, method: str, name: str, body: bytes) -> tuple[int, bytes]:
        base = self.endpoint.rstrip("/")
        url = httpx2.URL(f"{base}/{self.bucket}/{quoted(f'{self.root}/{name}')}")
        signed = s3_signatures.headers(
            method=method,
            host=url.netloc.decode(),
            path=url.raw_path.decode(),
            body=body,
            keys=self.keys,
            at=timezone.now(),
        )
        transport = GuardedTransport(target=parse_target(base), allowlist=allowlist(), look_up=self.look_up)
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            httpx2.AsyncClient(transport=transport, trust_env=False, timeout=TIMEOUT_SECONDS) as client,
            client.stream(method, url, content=body, headers=signed) as answer,
        ):
            return answer.status_code, await _beginning(answer)


async def _beginning(answer: httpx2.Response) -> bytes:
    found = b""
    async for chunk in answer.aiter_bytes():
        found += chunk
        if len(found) >= _MOST_ANSWER_BYTES:
            break
    return found[:_MOST_ANSWER_BYTES]


def _failure(error: httpx2.HTTPError) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "The certificate of the store is not valid for its address, so nothing was sent. Correct the address, or the certificate."
    return f"The connection to the store failed: {error or type(error).__name__}"[:300]


def _code(answer: bytes) -> str:
    found = _CODE.search(answer)
    return found[1].decode() if found else ""


def _words(status: int, answer: bytes) -> str:
    code = _code(answer)
    if code in _REFUSED:
        return _REFUSED[code]
    said = f"{status} {code}".strip()
    if status >= 500 or status == 429:
        return f"The store has a problem of its own: it answered {said}."
    return f"The store did not take an object: it answered {said}."
