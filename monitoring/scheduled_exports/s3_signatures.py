"""Signs requests to object stores: AWS Signature Version 4 with the hash of the body, over values only."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

_SERVICE, _END = "s3", "aws4_request"
_SIGNED_HEADERS = "host;x-amz-content-sha256;x-amz-date"


@dataclass(frozen=True, slots=True)
class Keys:
    """What a store knows us by, and where it is."""

    access_key: str
    secret: str
    region: str


def quoted(path: str) -> str:
    """Return a path as it is sent and signed."""
    return quote(path, safe="/-_.~")


def headers(*, method: str, host: str, path: str, body: bytes, keys: Keys, at: datetime) -> dict[str, str]:
    """Return the headers that sign a request without a query; `path` is quoted, `at` in UTC."""
    moment, day = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}"
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join([
        method, path, "", f"host:{host}", f"x-amz-content-sha256:{digest}", f"x-amz-date:{moment}", "", _SIGNED_HEADERS, digest,
    ])  # fmt: skip
    scope = "/".join((day, keys.region, _SERVICE, _END))
    to_sign = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = hmac.new(_signing_key(keys, day), to_sign.encode(), "sha256").hexdigest()
    credential = f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}"
    return {
        "x-amz-date": moment, "x-amz-content-sha256": digest,
        "Authorization": f"{credential}, SignedHeaders={_SIGNED_HEADERS}, Signature={signature}",
    }  # fmt: skip


def _signing_key(keys: Keys, day: str, *, service: str = _SERVICE) -> bytes:
    key = f"AWS4{keys.secret}".encode()
    for step in (day, keys.region, service, _END):
        key = hmac.digest(key, step.encode(), "sha256")
    return key
