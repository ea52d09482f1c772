"""What a prompt may be called."""

from __future__ import annotations

import unicodedata

from prompt_registry.errors import NameNotUsable

MAX_LENGTH = 255
RESERVED = frozenset({"new", "metrics", "prompt-detail", "export"})


def clean(name: str) -> str:
    """Return the name as it is stored, or raise with the reason why it cannot be used; `/` makes folders."""
    name = unicodedata.normalize("NFC", name).strip()
    if why := _problem(name):
        raise NameNotUsable(why)
    return name


def _problem(name: str) -> str:
    if not name:
        return "A prompt needs a name, such as support/refund-answer."
    if len(name) > MAX_LENGTH:
        return f"This name has more than {MAX_LENGTH} characters. Choose a shorter one."
    if "|" in name or "\\" in name:
        return "A name cannot contain «|» or «\\». Use letters, digits and dashes, and «/» for folders."
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in name):
        return "This name contains an invisible character. Type it again instead of pasting it."
    if any(part.strip() in {"", ".", ".."} for part in name.split("/")):
        return "«/» separates folders, so something must stand before and after it, such as support/refund-answer."
    if name.lower() in RESERVED:
        return f"«{name}» is a name that Callboard keeps for itself. Choose another one."
    return ""
