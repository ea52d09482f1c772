"""One estimate of token counts for everything that the simulated provider reports."""

from __future__ import annotations

import math
from collections.abc import Iterable

_PER_MESSAGE = 4
_PER_REQUEST = 3


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has: four Latin letters or one Chinese character make one."""
    extra_bytes = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return math.ceil(len(text) / 4 + extra_bytes * 0.375)


def estimate_prompt_tokens(texts: Iterable[str]) -> int:
    """Return about how many tokens the messages of a request have together."""
    return _PER_REQUEST + sum(_PER_MESSAGE + estimate_tokens(text) for text in texts)
