"""Keeps the last known good copy of each prompt on disk, for a start with the server switched off."""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.notices import notice


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """A copy as it was last confirmed by the server."""

    payload: Mapping[str, Any]
    etag: str | None
    # Unix seconds since when the server says that the prompt is deleted.
    deleted_at: float | None = None


class PromptDisk:
    """A directory with one checked file per prompt key of one project key."""

    def __init__(self, directory: Path, *, scope: str) -> None:
        self._directory = directory
        self._scope = scope

    def load(self, key: str) -> StoredPrompt | None:
        """Return the copy under this key; a damaged file counts as none."""
        try:
            document = json.loads(self._path(key).read_bytes())
            body = document["body"]
            if hashlib.sha256(body.encode()).hexdigest() != document["sha256"]:
                raise ValueError("the checksum does not fit")
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
        content = {"key": key, "scope": self._scope, "payload": stored.payload, "etag": stored.etag}
        body = json.dumps({**content, "deleted_at": stored.deleted_at})
        document = json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest(), "body": body})
        try:
            self._write(self._path(key), document.encode())
        except OSError as error:
            notice("prompt disk", "callboard: prompts cannot be stored in %s: %s", self._directory, error)

    def _write(self, path: Path, content: bytes) -> None:
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
