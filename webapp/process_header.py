"""Reads the header in which an application's process says who it is, the same in web and live processes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

HEADER = "X-Callboard-Process"
_ID = re.compile(r"[0-9a-f]{8,32}")
MAX_HOST = 80


@dataclass(frozen=True, slots=True)
class ClientProcess:
    """One process of an application: a random id that it keeps for life, and the machine it runs on."""

    id: str
    host: str


def parse(header: str) -> ClientProcess | None:
    """Return the process named as `id host`, or None for anything else."""
    process_id, _, host = header.partition(" ")
    if not _ID.fullmatch(process_id):
        return None
    readable = "".join(character for character in unquote(host) if character.isprintable())
    return ClientProcess(id=process_id, host=readable.strip()[:MAX_HOST])
