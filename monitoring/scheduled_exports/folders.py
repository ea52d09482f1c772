"""Writes the files of exports below the one folder that whoever runs the server named, and nowhere else."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from django.conf import settings

from monitoring.scheduled_exports.errors import FolderRefused, FoldersAreOff, StoreError

_MOST_CHARS = 200
_FORGOTTEN_SECONDS = 600
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]{0,99}")


def base() -> Path | None:
    """Return the folder below which exports may be written; None when nobody named one."""
    return Path(settings.EXPORT_DIR) if settings.EXPORT_DIR else None


def checked(path: str) -> str:
    """Return a relative path of plain names, or refuse it; an empty one stays empty."""
    path = path.strip().strip("/")
    if len(path) > _MOST_CHARS or not all(_NAME.fullmatch(name) for name in path.split("/") if path):
        raise FolderRefused
    return path


class FolderStore:
    """A folder of one export: a file is there whole or not at all."""

    def __init__(self, root: str) -> None:
        top = base()
        if top is None:
            raise StoreError(str(FoldersAreOff()))
        self._top = top.resolve()
        self._root = top / root

    def put(self, name: str, data: bytes) -> None:
        target = self._target(name)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            self._top_must_exist()
            self._stay_inside(target)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            _drop_forgotten(target)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
            _sync(target.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(f"The folder could not be written: {_reason(error)}.") from error

    def remove(self, name: str) -> None:
        target = self._target(name)
        try:
            self._stay_inside(target)
            target.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise StoreError(f"An old file could not be removed: {_reason(error)}.") from error

    def _target(self, name: str) -> Path:
        return self._root / name

    def _top_must_exist(self) -> None:
        # Made here, it would fill the disk under a mount point that is missing.
        if not self._top.is_dir():
            raise StoreError(
                "The folder that CALLBOARD_EXPORT_DIR names does not exist. Whoever runs the server makes it."
            )

    def _stay_inside(self, target: Path) -> None:
        """Refuse a link that leads out, whoever made it."""
        if not target.parent.resolve().is_relative_to(self._top) or target.is_symlink():
            raise StoreError("A folder on the way is a link that leads out of the folder for exports. Remove the link.")


def _drop_forgotten(target: Path) -> None:
    """Remove what a worker that was killed left of this file."""
    for old in target.parent.glob(f".{target.name}.*.tmp"):
        if old.stat().st_mtime < time.time() - _FORGOTTEN_SECONDS:
            old.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    # Without it, the new name may be gone after a power cut.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
