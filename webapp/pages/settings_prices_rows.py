"""The rows of the pages about prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from monitoring import usage
from projects.models import Project
from prompt_registry.prices.costs import Book
from prompt_registry.prices.snapshot import Price

SEEN_DAYS = 7
MOST_SEEN = 100
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class SeenModel:
    """A model that calls of the last days name: how often, and what it costs today."""

    model: str
    calls_per_day: float
    unpriced_share: float
    price: Price | None

    @property
    def is_unknown(self) -> bool:
        """Whether calls come in that nobody knows the price of; those that sent their own cost are none of them."""
        return self.price is None and self.unpriced_share > 0


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One price of a model, and whether it is the one of today."""

    price: Price
    is_now: bool
    is_ahead: bool

    @property
    def is_own(self) -> bool:
        return bool(self.price.id)


def seen_models(project: Project, book: Book) -> list[SeenModel]:
    """Return the models of the last days, those with the most calls first."""
    now = timezone.now()
    rows = usage.by_model(project=project, start=now - timedelta(days=SEEN_DAYS), end=now)
    return [
        SeenModel(
            model=row.model,
            calls_per_day=row.call_count / SEEN_DAYS,
            unpriced_share=row.unpriced_count / row.call_count,
            price=today_price(book, model=row.model),
        )
        for row in rows[:MOST_SEEN]
        if row.model and row.call_count
    ]


def today_price(book: Book, *, model: str, provider: str = "") -> Price | None:
    """Return the price that holds today, None when none is known."""
    prices, today = book.history(provider=provider, model=model), timezone.now().date()
    return next((price for price in prices if price.valid_from <= today), prices[-1] if prices else None)


def own_rows(book: Book) -> list[Price]:
    """Return the prices that the project set, by model, the newest first."""
    newest_first = sorted(book.own, key=lambda price: price.valid_from, reverse=True)
    return sorted(newest_first, key=lambda price: (price.model, price.provider))


def listed_rows(book: Book, words: str) -> list[Price]:
    """Return the rows of the price list whose model or provider has the words."""
    found = [price for price in book.listed if words in f"{price.provider} {price.model}"]
    return sorted(found, key=lambda price: (price.provider, price.model, price.valid_from))[:MOST_LISTED]


def history_rows(book: Book, *, provider: str, model: str) -> list[HistoryRow]:
    """Return every price of a model, in the order in which they are looked at."""
    prices, today = book.history(provider=provider, model=model), timezone.now().date()
    now = next((price for price in prices if price.valid_from <= today), prices[-1] if prices else None)
    return [HistoryRow(price, is_now=price is now, is_ahead=price.valid_from > today) for price in prices]
