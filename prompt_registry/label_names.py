"""What a label may be called."""

from __future__ import annotations

import re

from prompt_registry.errors import LabelNotUsable, LabelReserved
from prompt_registry.models import LATEST

_NAME = re.compile(r"(?=.*[a-z])[a-z0-9_.-]{1,36}")


def clean(name: str) -> str:
    """Return the label's name, or raise with the reason why it cannot be used."""
    name = name.strip()
    if name == LATEST:
        raise LabelReserved
    if not _NAME.fullmatch(name):
        raise LabelNotUsable
    return name
