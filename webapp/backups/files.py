"""A backup on disk: the dump, and beside it what must come out of it again."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from webapp.backups.contents import Contents
from webapp.backups.errors import NotABackup

FORMAT = 1
_PREFIX, _DUMP, _MANIFEST = "callboard-", ".dump", ".json"
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Backup:
    """One backup, whole: where it is, when it was made, by what, of which master key, and what it holds."""

    path: Path
    made_at: datetime
    version: str
    postgres: str
    # Names the master key without giving it away; the key itself is never in a backup.
    key_id: str
    size: int
    sha256: str
    contents: Contents

    @property
    def manifest(self) -> Path:
        return self.path.with_suffix(_MANIFEST)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "made_at": self.made_at.isoformat(), "version": self.version, "postgres": self.postgres,
            "key_id": self.key_id, "size": self.size, "sha256": self.sha256, "tables": self.contents.to_json(),
        }  # fmt: skip


def path_for(directory: Path, moment: datetime) -> Path:
    """Return the place of a backup that is made at this moment."""
    return directory / f"{_PREFIX}{moment:%Y%m%d-%H%M%S}{_DUMP}"


def keep(backup: Backup, draft: Path) -> None:
    """Make a finished dump a backup: both files are on the disk before either has its name."""
    text = json.dumps(backup.to_json(), ensure_ascii=False)
    manifest = draft.with_suffix(".manifest")
    with manifest.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _sync(draft)
    manifest.rename(backup.manifest)
    draft.rename(backup.path)
    _sync(backup.path.parent)


def read(path: Path) -> Backup:
    """Return the backup whose dump is here; raises NotABackup when something of it is missing or was changed."""
    try:
        raw = json.loads(path.with_suffix(_MANIFEST).read_text(encoding="utf-8"))
        if raw["format"] != FORMAT or not path.is_file():
            raise NotABackup
        return Backup(
            path, datetime.fromisoformat(raw["made_at"]), str(raw["version"]), str(raw["postgres"]), str(raw["key_id"]),
            int(raw["size"]), str(raw["sha256"]), Contents.from_json(raw["tables"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotABackup from error


def demand_whole(backup: Backup) -> None:
    """Raise NotABackup when the dump is not the one that was written."""
    if backup.path.stat().st_size != backup.size or digest(backup.path) != backup.sha256:
        raise NotABackup("The file is not the one that was written: it is cut off or was changed. Take another backup.")


def newest_first(directory: Path) -> list[Backup]:
    """Return the whole backups in a directory."""
    found = []
    for path in directory.glob(f"{_PREFIX}*{_DUMP}"):
        try:
            found.append(read(path))
        except NotABackup:
            continue
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def remove_old(directory: Path, *, keep_newest: int) -> list[Path]:
    """Remove all backups but the newest ones, and drafts that a killed run left; return what was removed."""
    gone = []
    for backup in newest_first(directory)[keep_newest:]:
        backup.path.unlink(missing_ok=True)
        backup.manifest.unlink(missing_ok=True)
        gone.append(backup.path)
    return gone


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    summed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            summed.update(chunk)
    return summed.hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
