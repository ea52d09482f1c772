"""Log files of the children: appended to by them directly, so no line is lost when the supervisor dies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 20 * 1024 * 1024


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; its lines are for the owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb")


def keep_small(path: Path) -> None:
    """Move a log that has grown too long into `<name>.1`.

    The children keep the file open, so it is copied and emptied in place; a line written in between can be lost.
    """
    if not path.exists() or path.stat().st_size < MAX_BYTES:
        return
    shutil.copyfile(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)


def last_lines(path: Path, *, count: int = 6) -> str:
    """Return the end of a log, to show why a child ended."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 8192))
        lines = log.read().decode("utf-8", errors="replace").splitlines()
    return "\n".join(line for line in lines[-count:] if line.strip())
