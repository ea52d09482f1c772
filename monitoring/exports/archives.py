"""Several files as one zip, made while it is sent: one of them in memory at a time, and the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

# A zip holds a moment for each file; a fixed one, so that its hash is known before it is sent.
_MOMENT = (1980, 1, 1, 0, 0, 0)


class _Passing(io.RawIOBase):
    """Where the zip is written to: holds what was not sent yet."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._waiting.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        taken, self._waiting = b"".join(self._waiting), []
        return taken


def zipped(files: Iterator[bytes], *, ending: str) -> Iterator[bytes]:
    """Yield a zip of files that are packed already, numbered from one."""
    passing = _Passing()
    with zipfile.ZipFile(passing, "w", zipfile.ZIP_STORED) as archive:
        for number, data in enumerate(files, start=1):
            archive.writestr(zipfile.ZipInfo(f"part-{number:05}.{ending}", _MOMENT), data)
            yield passing.taken()
    yield passing.taken()
