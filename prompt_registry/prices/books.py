"""The prices that hold for each project: read by every process at most every 20 seconds."""

from __future__ import annotations

import time
from datetime import date

from prompt_registry.models import ModelPrice, PriceList
from prompt_registry.prices import snapshot
from prompt_registry.prices.costs import SHIPPED, Book
from prompt_registry.prices.snapshot import Price, all_prices

# A change holds everywhere within this time.
CACHE_SECONDS = 20.0

_cache: dict[int, tuple[float, Book]] = {}
_listed: tuple[int, tuple[Price, ...]] = (0, all_prices())


def of(project_id: int) -> Book:
    """Return the prices of a project."""
    cached = _cache.get(project_id)
    if cached is None or cached[0] < time.monotonic():
        book = _read(project_id, cached[1] if cached else SHIPPED)
        cached = _cache[project_id] = (time.monotonic() + CACHE_SECONDS, book)
    return cached[1]


def listed() -> tuple[Price, ...]:
    """Return the price list of this installation: the newest of the shipped one and those read from files."""
    global _listed
    newest = PriceList.objects.order_by("-as_of", "-pk").only("pk", "as_of").first()
    number = newest.pk if newest and newest.as_of >= as_of(all_prices()) else 0
    if number != _listed[0]:
        rows = snapshot.read({"prices": PriceList.objects.get(pk=number).rows}) if number else all_prices()
        _listed = (number, rows)
    return _listed[1]


def forget(project_id: int | None = None) -> None:
    """Read the prices of a project, or of all, anew when they are needed next."""
    if project_id is None:
        _cache.clear()
    else:
        _cache.pop(project_id, None)


def price_of(row: ModelPrice) -> Price:
    """Return a price that a project set, as a row of a price list."""
    input_, output = float(row.input), float(row.output)
    return Price(
        provider=row.provider, model=row.model, input=input_, output=output,
        cache_read=_or(row.cache_read, input_), cache_write=_or(row.cache_write, input_),
        reasoning=_or(row.reasoning, output), valid_from=row.valid_from, source="", as_of=row.created_at.date(),
        note=row.note, tiers=snapshot.read_tiers(row.tiers), id=row.pk,
    )  # fmt: skip


def as_of(prices: tuple[Price, ...]) -> date:
    """Return the day on which the newest price of a list was looked up."""
    return max(price.as_of for price in prices)


def is_shipped(prices: tuple[Price, ...]) -> bool:
    """Tell whether a list is the one that ships with this version of Callboard."""
    return prices is all_prices()


def _read(project_id: int, before: Book) -> Book:
    own = tuple(price_of(row) for row in ModelPrice.objects.filter(project_id=project_id).order_by("pk"))
    rows = listed()
    # The same book again keeps what it has looked up.
    return before if (own, rows) == (before.own, before.listed) else Book(own=own, listed=rows)


def _or(value: object, default: float) -> float:
    return default if value is None else float(str(value))
