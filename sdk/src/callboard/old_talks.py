"""Remembers which conversations began with what was live before a rollout, together with the other processes of this machine.

What is kept on disk are eight bytes of each conversation's id, keyed with the API key: nobody can read an id from them.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import Final

from callboard.notices import notice

_MOST: Final = 10_000
_MOST_SHARED: Final = 50_000
_MOST_ROLLOUTS: Final = 50
_DIGEST_BYTES: Final = 8
# A rollout that nobody wrote about for so long is over.
_KEPT_SECONDS: Final = 60 * 24 * 3600.0


class OldTalks:
    """The conversations of this process, and where there is a directory, of all that share it."""

    def __init__(self, directory: Path | None = None, *, scope: str = "", secret: str = "") -> None:
        self._directory = directory
        self._scope = scope
        self._key = hashlib.sha256(f"callboard conversations|{secret}".encode()).digest()
        # Oldest first.
        self._own: dict[tuple[str, str], None] = {}
        self._files: dict[str, _SharedFile | None] = {}

    def add(self, rollout_id: str, session: str) -> None:
        """Remember that the conversation is served what was live before."""
        key = (rollout_id, session)
        if key in self._own:
            return
        self._own[key] = None
        if len(self._own) > _MOST:
            # The oldest is forgotten; with many threads somebody else may have been faster.
            self._own.pop(next(iter(self._own), key), None)
        if (file := self._file(rollout_id)) is not None:
            file.add(self._digest(session))

    def has(self, rollout_id: str, session: str) -> bool:
        """Tell whether this process, or another one that shares the directory, began the conversation with it."""
        if (rollout_id, session) in self._own:
            return True
        file = self._file(rollout_id)
        return file is not None and file.has(self._digest(session))

    def _digest(self, session: str) -> bytes:
        text = session.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=_DIGEST_BYTES, key=self._key).digest()

    def _file(self, rollout_id: str) -> "_SharedFile | None":
        if self._directory is None:
            return None
        if rollout_id not in self._files:
            if len(self._files) >= _MOST_ROLLOUTS:
                self._files.clear()
            self._files[rollout_id] = self._open(self._directory, rollout_id)
        return self._files[rollout_id]

    def _open(self, directory: Path, rollout_id: str) -> "_SharedFile | None":
        name = hashlib.sha256(f"{self._scope}|{rollout_id}".encode()).hexdigest()[:40]
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_old(directory)
            return _SharedFile(directory / f"{name}.talks")
        except OSError as error:
            notice("conversations", "callboard: processes cannot share which conversations began before: %s", error)
            return None


class _SharedFile:
    """A file that many processes append to, each entry of the same length: one write, which the system keeps whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Windows opens files as text unless told otherwise.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o600)
        self._known: set[bytes] = set()
        self._read_to = 0

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._descriptor)

    def add(self, digest: bytes) -> None:
        if digest in self._known or len(self._known) >= _MOST_SHARED:
            return
        self._known.add(digest)
        with contextlib.suppress(OSError):
            os.write(self._descriptor, digest)

    def has(self, digest: bytes) -> bool:
        if digest not in self._known:
            with contextlib.suppress(OSError):
                self._read_on()
        return digest in self._known

    def _read_on(self) -> None:
        """Take in what was appended since the last time."""
        begin, size = self._read_to, min(os.fstat(self._descriptor).st_size, _MOST_SHARED * _DIGEST_BYTES)
        whole = size - size % _DIGEST_BYTES
        if whole <= begin:
            return
        with self._path.open("rb") as file:
            file.seek(begin)
            entries = file.read(whole - begin)
        self._known.update(entries[at : at + _DIGEST_BYTES] for at in range(0, len(entries), _DIGEST_BYTES))
        self._read_to = whole


def _remove_old(directory: Path) -> None:
    since = time.time() - _KEPT_SECONDS
    for path in directory.glob("*.talks"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < since:
                path.unlink()
