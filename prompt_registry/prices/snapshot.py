"""The reviewed snapshot of public prices that ships with this version, and files in its form."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prompt_registry.errors import PromptRegistryError

FILE = Path(__file__).with_name("prices.json")
_PICO_USD_PER_TOKEN = 1_000_000
MOST_USD = 100_000.0
MAX_ROWS = 2_000
MAX_TIERS = 5
_NAME = re.compile(r"[^\s*\x00-\x1f]{1,119}\*?")


class PricesNotReadable(PromptRegistryError):
    """This file is no price list."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Other prices for calls with more than so many input tokens."""

    above: int
    input: float
    output: float
    cache_read: float
    cache_write: float
    reasoning: float

    @property
    def pico_usd(self) -> tuple[int, int, int, int, int]:
        return _pico(self)


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the price table, in US dollars per million tokens; a pattern ends in `*`."""

    provider: str
    model: str
    input: float
    output: float
    cache_read: float
    cache_write: float
    reasoning: float
    valid_from: date
    source: str
    as_of: date
    note: str
    tiers: tuple[Tier, ...] = ()
    # Of a price that a project set itself.
    id: int = 0

    @property
    def valid_from_ns(self) -> int:
        """Return the first moment of this price in Unix nanoseconds."""
        return int(datetime.combine(self.valid_from, datetime.min.time(), UTC).timestamp()) * 1_000_000_000

    @property
    def pico_usd(self) -> tuple[int, int, int, int, int]:
        """Return the whole pico-dollars of one input, output, cache-read, cache-write and reasoning token."""
        return _pico(self)

    @property
    def key(self) -> tuple[str, str, date]:
        """What tells this price from others."""
        return self.provider, self.model, self.valid_from


@functools.cache
def all_prices() -> tuple[Price, ...]:
    """Return every price of the shipped snapshot, in the order of the file."""
    return read(json.loads(FILE.read_text(encoding="utf-8")))


def read(document: Any) -> tuple[Price, ...]:
    """Return the prices of a document in the form of the shipped file; raises PricesNotReadable with the row at fault."""
    rows = document.get("prices") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= MAX_ROWS:
        raise PricesNotReadable(f"A price list is an object with a list «prices» of 1 to {MAX_ROWS:,} rows.")
    found = [_row(row, number) for number, row in enumerate(rows, start=1)]
    if len({price.key for price in found}) < len(found):
        raise PricesNotReadable("A model has two prices from the same day. Leave one of them out.")
    return tuple(found)


def to_json(price: Price) -> dict[str, Any]:
    """Return a price in the form of the file, for storing and comparing."""
    row: dict[str, Any] = {
        "provider": price.provider, "model": price.model, "input": price.input, "output": price.output,
        "cache_read": price.cache_read, "cache_write": price.cache_write, "reasoning": price.reasoning,
        "valid_from": price.valid_from.isoformat(), "source": price.source, "as_of": price.as_of.isoformat(),
    }  # fmt: skip
    if price.tiers:
        row["tiers"] = [
            {"above": tier.above, "input": tier.input, "output": tier.output, "cache_read": tier.cache_read,
             "cache_write": tier.cache_write, "reasoning": tier.reasoning}
            for tier in price.tiers
        ]  # fmt: skip
    return row | ({"note": price.note} if price.note else {})


def _row(row: Any, number: int) -> Price:
    try:
        return Price(
            provider=str(row["provider"]).strip().lower()[:60], model=_model(row["model"]), **_amounts(row),
            valid_from=date.fromisoformat(row["valid_from"]), source=str(row["source"])[:300],
            as_of=date.fromisoformat(row["as_of"]), note=str(row.get("note", ""))[:300],
            tiers=read_tiers(row.get("tiers")),
        )  # fmt: skip
    except KeyError as error:
        raise PricesNotReadable(f"Row {number} has no {error}.") from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PricesNotReadable(f"Row {number} cannot be read: {error}") from error


def read_tiers(rows: Any) -> tuple[Tier, ...]:
    """Return the tiers of a price; ValueError when one of them cannot be read."""
    if rows is None:
        return ()
    if not isinstance(rows, list) or len(rows) > MAX_TIERS:
        raise ValueError(f"tiers must be a list of at most {MAX_TIERS}.")
    return tuple(Tier(above=_whole(row["above"]), **_amounts(row)) for row in rows)


def _amounts(row: Mapping[str, Any]) -> dict[str, Any]:
    input_, output = _amount(row["input"]), _amount(row["output"])
    # A provider without a cache price charges cached tokens like any other, and thinking like any other answer.
    defaults = {"cache_read": input_, "cache_write": input_, "reasoning": output}
    given = {name: _amount(row[name]) for name in defaults if row.get(name) is not None}
    return {"input": input_, "output": output, **defaults, **given}


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number of dollars.")
    if not 0 <= value <= MOST_USD:
        raise ValueError(f"{value} is no price of a million tokens.")
    return float(value)


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 < value < 10**9:
        raise ValueError("«above» must be a number of tokens.")
    return value


def _model(value: Any) -> str:
    name = str(value).strip().lower()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:40]!r} is no name of a model; only the end may be «*».")
    return name


def _pico(rates: Price | Tier) -> tuple[int, int, int, int, int]:
    prices = (rates.input, rates.output, rates.cache_read, rates.cache_write, rates.reasoning)
    input_, output, cache_read, cache_write, reasoning = (round(price * _PICO_USD_PER_TOKEN) for price in prices)
    return input_, output, cache_read, cache_write, reasoning
