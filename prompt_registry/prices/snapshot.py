"""The reviewed snapshot of public prices that ships with this version."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("prices.json")
_PICO_USD_PER_TOKEN = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the price table, in US dollars per million tokens; a pattern ends in `*`."""

    provider: str
    model: str
    input: float
    output: float
    cache_read: float
    cache_write: float
    valid_from: date
    source: str
    as_of: date
    note: str

    @property
    def valid_from_ns(self) -> int:
        """Return the first moment of this price in Unix nanoseconds."""
        return int(datetime.combine(self.valid_from, datetime.min.time(), UTC).timestamp()) * 1_000_000_000

    @property
    def pico_usd(self) -> tuple[int, int, int, int]:
        """Return the whole pico-dollars of one input, output, cache-read and cache-write token."""
        prices = (self.input, self.output, self.cache_read, self.cache_write)
        input_, output, cache_read, cache_write = (round(price * _PICO_USD_PER_TOKEN) for price in prices)
        return input_, output, cache_read, cache_write


@functools.cache
def all_prices() -> tuple[Price, ...]:
    """Return every price of the snapshot, in the order of the file."""
    rows = json.loads(_FILE.read_text(encoding="utf-8"))["prices"]
    return tuple(_read(row) for row in rows)


def _read(row: dict[str, Any]) -> Price:
    return Price(
        provider=row["provider"],
        model=row["model"],
        input=row["input"],
        output=row["output"],
        # A provider without a cache price charges cached tokens like any other.
        cache_read=row.get("cache_read", row["input"]),
        cache_write=row.get("cache_write", row["input"]),
        valid_from=date.fromisoformat(row["valid_from"]),
        source=row["source"],
        as_of=date.fromisoformat(row["as_of"]),
        note=row.get("note", ""),
    )
