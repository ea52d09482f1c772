"""How much a model reads and writes at once, for the models whose limit is known for sure."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import date

from prompt_registry.prices.matching import rows_of
from prompt_registry.prices.snapshot import FILE

_MODELS_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Limit:
    """The most tokens of question and answer together, with where and when that was looked up."""

    provider: str
    model: str
    context_tokens: int
    source: str
    as_of: date


@functools.cache
def all_limits() -> tuple[Limit, ...]:
    """Return every limit of the shipped snapshot."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))["limits"]
    return tuple(Limit(**{**row, "as_of": date.fromisoformat(row["as_of"])}) for row in rows)


@functools.lru_cache(maxsize=_MODELS_REMEMBERED)
def of_model(model: str) -> Limit | None:
    """Return the limit of a model, None when it is not known for sure."""
    found = rows_of(provider="", model=model, rows=all_limits()) if model else []
    return found[0] if found else None
