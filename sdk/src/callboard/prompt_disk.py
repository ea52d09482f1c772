"""Keeps the last known good copy of each prompt on disk, for a start with the server switched off.

Every copy is signed with a key derived from the API key, so a changed or foreign file is never used as a prompt.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from callboard.notices import notice

_SIGNING_MESSAGE: Final = b"callboard prompt copies v1"


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """A copy as it was last confirmed by the server."""

    payload: Mapping[str, Any]
    etag: str | None
    # Unix seconds since when the server says that the prompt is deleted.
    deleted_at: float | None = None


class PromptDisk:
    """A directory with one signed file per prompt key of one API key."""

    def __init__(self, directory: Path, *, scope: str, secret: str) -> None:
        self._directory = directory
        self._scope = scope
        # What signs is derived from the secret: neither is ever on the disk.
        self._signing_key = hmac.digest(secret.encode(), _SIGNING_MESSAGE, "sha256")

    def load(self, key: str) -> StoredPrompt | None:
        """Return the copy under this key; a damaged file counts as none."""
        try:
            document = json.loads(self._path(key).read_bytes())
            body = document["body"]
            if not hmac.compare_digest(self._signature(body), str(document["signature"]).encode("ascii", "replace")):
                raise ValueError("its signature does not fit this API key")
            content = json.loads(body)
            if content["key"] != key or content["scope"] != self._scope:
                raise ValueError("it belongs to another prompt")
            return StoredPrompt(content["payload"], content["etag"], content["deleted_at"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            notice("prompt disk", "callboard: the stored copy of a prompt cannot be used: %s", error)
            return None

    def save(self, key: str, stored: StoredPrompt) -> None:
        """Replace the copy under this key in one step; a full or read-only disk is reported, never raised."""
        try:
            self.write(key, stored)
        except OSError as error:
            notice("prompt disk", "callboard: prompts cannot be stored in %s: %s", self._directory, error)

    def write(self, key: str, stored: StoredPrompt) -> None:
        """Replace the copy under this key in one step, or raise OSError."""
        content = {"key": key, "scope": self._scope, "payload": stored.payload, "etag": stored.etag}
        body = json.dumps({**content, "deleted_at": stored.deleted_at})
        document = json.dumps({"signature": self._signature(body).decode(), "body": body})
        self._replace(self._path(key), document.encode())

    def _signature(self, body: str) -> bytes:
        return hmac.digest(self._signing_key, body.encode(), "sha256").hex().encode()

    def _replace(self, path: Path, content: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise

    def _path(self, key: str) -> Path:
        # A hash, because a prompt name may hold anything.
        return self._directory / f"{hashlib.sha256(f'{self._scope}|{key}'.encode()).hexdigest()[:40]}.json"
