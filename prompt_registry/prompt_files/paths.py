"""Where the file of a prompt lies: folders by `/`, and no name ever leads out of the directory."""

from __future__ import annotations

import hashlib
import re

SUFFIX = ".md"
_SAFE = frozenset("-_+=@ ().,")
_MAX_BYTES = 180
# Windows opens devices by these names, whatever the ending.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def of_name(name: str) -> str:
    """Return the relative path of the prompt's file, always the same for the same name."""
    *folders, last = name.split("/")
    return "/".join([*(_component(part) for part in folders), _component(last) + SUFFIX])


def of_name_beside(name: str) -> str:
    """Return another path for a name whose first one is taken: some systems take «A» and «a» for the same."""
    return f"{of_name(name).removesuffix(SUFFIX)}~{_digest(name)}{SUFFIX}"


def _component(part: str) -> str:
    safe = "".join(
        character if character.isalnum() or character in _SAFE else _encoded(character) for character in part
    )
    if safe[:1] in (".", " "):
        safe = _encoded(safe[:1]) + safe[1:]
    if safe[-1:] in (".", " "):
        safe = safe[:-1] + _encoded(safe[-1:])
    if safe.lower().endswith(SUFFIX):
        safe = safe[: -len(SUFFIX)] + _encoded(".") + safe[1 - len(SUFFIX) :]
    if len(safe.encode()) > _MAX_BYTES or _DEVICES.fullmatch(safe) or not safe:
        return f"{_cut(safe)}~{_digest(part)}"
    return safe


def _cut(text: str) -> str:
    return text.encode()[:120].decode(errors="ignore").rstrip(". ")


def _encoded(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
