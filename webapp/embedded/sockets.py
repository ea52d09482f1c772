"""Finds a directory where a server can put its Unix socket."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from webapp.embedded.errors import EmbeddedServerFailed

MAX_PATH_BYTES = 103  # sun_path ends with a zero and is 108 bytes long on Linux, 104 on macOS
LONGEST_NAME = ".s.PGSQL.5432"
SHARED_PLACE = Path("/tmp")  # noqa: S108 - short on every machine; the directory inside is private and checked


def directory(wanted: Path, *, owner: int) -> Path:
    """Return the wanted directory, or a private one in /tmp when a socket cannot live there."""
    for candidate in (wanted, SHARED_PLACE / f"callboard-{owner}-{_digest(wanted)}"):
        candidate.mkdir(parents=True, exist_ok=True, mode=0o700)
        if candidate.lstat().st_uid != owner and os.geteuid() == 0:
            os.chown(candidate, owner, -1, follow_symlinks=False)
        if _is_private(candidate, owner=owner) and _can_hold_a_socket(candidate):
            return candidate
    raise EmbeddedServerFailed(f"The database's Unix socket can live neither in {wanted} nor in {SHARED_PLACE}.")


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:12]


def _is_private(path: Path, *, owner: int) -> bool:
    """Guard against a directory that somebody else put there before us."""
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077


def _can_hold_a_socket(path: Path) -> bool:
    if len(os.fsencode(path.absolute() / LONGEST_NAME)) > MAX_PATH_BYTES:
        return False
    probe = path / f".probe.{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            listener.bind(os.fspath(probe))
        except OSError:
            return False
        finally:
            with suppress(OSError):
                probe.unlink()
    return True
