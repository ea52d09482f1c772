"""Keeps batches on disk that cannot be sent now, so that a later process of the same project sends them.

Each process appends to files of its own. A record is one batch, compressed, behind a checksum that is keyed with the
API key: what another key wrote, or somebody changed, is never sent. A record that was sent is marked; a file whose
records all were is deleted. Nothing is synced: what a power cut takes is the tail, which is skipped.
"""

import contextlib
import hashlib
import hmac
import io
import itertools
import json
import os
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

from callboard.delivery import Batch, Route
from callboard.notices import notice

try:
    import fcntl
except ImportError:  # Windows: two senders at once do no harm, because the ids make sending idempotent
    fcntl = None  # type: ignore[assignment]

MAX_BYTES: Final = 64 * 1024 * 1024
_FILE_BYTES: Final = 4 * 1024 * 1024
# Mark, length of the payload, items in it, checksum.
_FRAME: Final = struct.Struct(">4sII16s")
_WAITING, _SENT = b"CBs1", b"CBs0"
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_Opened = io.BufferedRandom | io.BufferedWriter
_numbers = itertools.count(1)


class Spool:
    """The files of one API key and one kind of item in a directory."""

    def __init__(self, directory: Path, *, scope: str, secret: str, max_bytes: int = MAX_BYTES) -> None:
        self._directory = directory
        self._secret = hashlib.sha256(f"callboard spool|{scope}|{secret}".encode()).digest()
        self._prefix = hashlib.sha256(f"{scope}|{secret}".encode()).hexdigest()[:24]
        self._max_bytes = max_bytes
        self._file_bytes = min(_FILE_BYTES, max_bytes // 4)
        self._current: Path | None = None
        self._current_pid = 0
        self._open: set[_Opened] = set()
        # Items in files that made room for newer ones.
        self.overwritten = 0

    def write(self, batch: Batch) -> bool:
        """Keep the batch; tell whether that worked. A full or read-only disk is reported, never raised."""
        record = self._record(batch)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(len(record))
            return any(self._append(self._own_file(), record) for _ in range(3))
        except OSError as error:
            # What was written of the record would hide those behind it.
            self._current = None
            notice("spool", "callboard: nothing can be kept in %s: %s", self._directory, error)
            return False

    def waiting(self) -> Iterator["StoredBatch"]:
        """Yield what is to be sent, oldest first, while no other process is at the same file."""
        for path in self._files():
            try:
                yield from self._waiting_in(path)
            except FileNotFoundError:
                continue  # another process was faster
            except OSError as error:
                notice("spool", "callboard: %s cannot be read: %s", path, error)

    def reset_after_fork(self) -> None:
        """Let go of the files that the parent was at; what it has locked must not stay locked for as long as we live."""
        files, self._open = self._open, set()
        for file in files:
            # Past the buffer, whose lock may be held, and without unlocking: that would unlock it for the parent too.
            with contextlib.suppress(OSError):
                file.raw.close()

    def bytes_waiting(self) -> int:
        """Return how many bytes the files take."""
        return sum(_size(path) for path in self._files())

    def _record(self, batch: Batch) -> bytes:
        route = batch.route
        head = {"id": batch.id, "path": route.path, "head": route.head.decode(), "tail": route.tail.decode()}
        # The parts are JSON, which has no line breaks outside of its escapes.
        payload = zlib.compress(b"\n".join([json.dumps(head).encode(), *batch.parts]), 4)
        return _FRAME.pack(_WAITING, len(payload), len(batch.parts), self._checksum(payload)) + payload

    def _checksum(self, payload: bytes) -> bytes:
        return hmac.digest(self._secret, payload, "sha256")[:16]

    def _own_file(self) -> Path:
        pid = os.getpid()
        current = self._current
        if current is None or self._current_pid != pid or _size(current) >= self._file_bytes:
            # The time comes first, so that names sort by age.
            name = f"{self._prefix}-{time.time_ns():020d}-{pid}-{next(_numbers)}.spool"
            current = self._current = self._directory / name
            self._current_pid = pid
        return current

    def _append(self, path: Path, record: bytes) -> bool:
        with self._opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, "ab") as file:
            # Another process sends this file just now, and will delete it.
            if not _lock(file) or not path.exists():
                self._current = None
                return False
            file.write(record)
        return True

    @contextlib.contextmanager
    def _opened(self, path: Path, flags: int, mode: str) -> Iterator[IO[bytes]]:
        with cast("_Opened", os.fdopen(os.open(path, flags | _NO_FOLLOW, 0o600), mode)) as file:
            self._open.add(file)
            try:
                yield file
            finally:
                self._open.discard(file)

    def _make_room(self, size: int) -> None:
        files = self._files()
        total = sum(_size(path) for path in files) + size
        for path in files:
            if total <= self._max_bytes:
                return
            total -= _size(path)
            self._delete(path)

    def _delete(self, path: Path) -> None:
        with contextlib.suppress(OSError), path.open("rb") as file:
            self.overwritten += sum(items for _, mark, items, _, _ in _frames(file) if mark == _WAITING)
        with contextlib.suppress(OSError):
            path.unlink()

    def _files(self) -> list[Path]:
        try:
            return sorted(self._directory.glob(f"{self._prefix}-*.spool"))
        except OSError:
            return []

    def _waiting_in(self, path: Path) -> Iterator["StoredBatch"]:
        with self._opened(path, os.O_RDWR, "r+b") as file:
            if not _lock(file):
                return
            for position, mark, _, checksum, payload in _frames(file):
                if mark != _WAITING:
                    continue
                batch = self._batch(checksum, payload)
                if batch is None:
                    notice("spool", "callboard: a damaged record in %s was skipped.", path)
                    continue
                stored = StoredBatch(batch, file, position)
                yield stored
                if not stored.is_sent:
                    return
            path.unlink(missing_ok=True)

    def _batch(self, checksum: bytes, payload: bytes) -> Batch | None:
        if not hmac.compare_digest(checksum, self._checksum(payload)):
            return None
        try:
            head, *parts = zlib.decompress(payload).split(b"\n")
            facts: dict[str, Any] = json.loads(head)
            route = Route(facts["path"], facts["head"].encode(), facts["tail"].encode())
            return Batch(route, parts, facts["id"])
        except (ValueError, KeyError, zlib.error):
            return None


class StoredBatch:
    """One batch on disk."""

    def __init__(self, batch: Batch, file: IO[bytes], position: int) -> None:
        self.batch = batch
        self.is_sent = False
        self._file = file
        self._position = position

    def mark_sent(self) -> None:
        """Remember on disk that this batch need not be sent again."""
        self.is_sent = True
        after = self._file.tell()
        self._file.seek(self._position)
        self._file.write(_SENT)
        self._file.flush()
        self._file.seek(after)


def _frames(file: IO[bytes]) -> Iterator[tuple[int, bytes, int, bytes, bytes]]:
    """Yield position, mark, number of items, checksum and payload of each record; a torn tail ends it."""
    while True:
        position = file.tell()
        frame = file.read(_FRAME.size)
        if len(frame) < _FRAME.size:
            return
        mark, length, items, checksum = _FRAME.unpack(frame)
        if mark not in {_WAITING, _SENT} or length > MAX_BYTES:
            return
        payload = file.read(length)
        if len(payload) < length:
            return
        yield position, mark, items, checksum, payload


def _lock(file: IO[bytes]) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
