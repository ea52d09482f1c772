"""Changes what models cost: prices that a project sets itself, and the list of the installation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import ModelPrice, PriceList
from prompt_registry.permissions import demand
from prompt_registry.prices import books, snapshot
from prompt_registry.prices.snapshot import Price, PricesNotReadable

MOST_OF_A_PROJECT = 500
_LONGEST_AHEAD = timedelta(days=366)
_EARLIEST = date(2020, 1, 1)


class PriceNotUsable(PromptRegistryError):
    """This price cannot be used."""


@dataclass(frozen=True, slots=True)
class NewPrice:
    """What a model costs from a day on; None means: like any other token of its side."""

    provider: str
    model: str
    input: Decimal
    output: Decimal
    cache_read: Decimal | None
    cache_write: Decimal | None
    reasoning: Decimal | None
    valid_from: date
    note: str = ""
    tiers: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of a price list that is new, gone or changed."""

    before: Price | None
    after: Price | None

    @property
    def sentence(self) -> str:
        """What differs, in one line."""
        row = self.after or self.before
        if row is None:
            return ""
        name = f"{row.provider} {row.model} from {row.valid_from}"
        if self.before is None or self.after is None:
            return f"{'new' if self.after else 'gone'}: {name} {_amounts(row)}"
        if _amounts(self.before) == _amounts(self.after):
            return f"same price, other source or note: {name}"
        return f"changed: {name} {_amounts(self.before)} → {_amounts(self.after)}"


@transaction.atomic
def set_price(*, project: Project, price: NewPrice, by: User) -> ModelPrice:
    """Store what the project pays for a model from a day on; a price of the same day is replaced."""
    demand(project=project, action=Action.MANAGE_PROVIDERS, by=by)
    price = _checked(price)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    named: dict[str, Any] = {"provider": price.provider, "model": price.model, "valid_from": price.valid_from}
    is_known = project.model_prices.filter(**named).exists()
    if not is_known and project.model_prices.count() >= MOST_OF_A_PROJECT:
        raise PriceNotUsable(f"A project may have {MOST_OF_A_PROJECT} prices of its own. Remove some first.")
    rates = {name: getattr(price, name) for name in ("input", "output", "cache_read", "cache_write", "reasoning")}
    row, _ = ModelPrice.objects.update_or_create(
        project=project, **named,
        defaults={**rates, "tiers": list(price.tiers), "note": price.note, "created_by": by, "created_at": timezone.now()},
    )  # fmt: skip
    audit.record(
        action="price.set", subject=price.model, by=by, project=project, provider=price.provider,
        valid_from=price.valid_from.isoformat(), tiers=list(price.tiers),
        **{name: None if value is None else str(value) for name, value in rates.items()},
    )  # fmt: skip
    transaction.on_commit(lambda: books.forget(project.pk))
    return row


@transaction.atomic
def remove(*, price: ModelPrice, by: User) -> None:
    """Take back a price of a project; what was listed before holds again."""
    project = price.project
    demand(project=project, action=Action.MANAGE_PROVIDERS, by=by)
    audit.record(
        action="price.removed", subject=price.model, by=by, project=project, provider=price.provider,
        valid_from=price.valid_from.isoformat(), input=str(price.input), output=str(price.output),
    )  # fmt: skip
    price.delete()
    transaction.on_commit(lambda: books.forget(project.pk))


@transaction.atomic
def load_list(*, prices: tuple[Price, ...], source: str) -> PriceList:
    """Use a price list that was read from a file; every process does within seconds."""
    if books.as_of(prices) < books.as_of(snapshot.all_prices()):
        raise PricesNotReadable(
            "This list is older than the one that ships with Callboard, which would be used instead."
        )
    made = PriceList.objects.create(
        rows=[snapshot.to_json(price) for price in prices], as_of=books.as_of(prices), source=texts.clean(source)[:300]
    )
    audit.record(action="prices.list_loaded", subject=made.source, by=None, rows=len(prices), as_of=str(made.as_of))
    transaction.on_commit(books.forget)
    return made


def differences(*, before: Iterable[Price], after: Iterable[Price]) -> list[Difference]:
    """Return what a new list changes, by provider and model."""
    old, new = ({price.key: price for price in prices} for prices in (before, after))
    keys = sorted(old.keys() | new.keys())
    return [Difference(old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def _checked(price: NewPrice) -> NewPrice:
    today = timezone.now().date()
    if not _EARLIEST <= price.valid_from <= today + _LONGEST_AHEAD:
        raise PriceNotUsable("The day must lie between 2020 and a year from now.")
    row = {
        "provider": texts.clean(price.provider), "model": texts.clean(price.model), "valid_from": price.valid_from.isoformat(),
        "as_of": today.isoformat(), "source": "", "tiers": list(price.tiers),
        **{
            name: float(value)
            for name in ("input", "output", "cache_read", "cache_write", "reasoning")
            if (value := getattr(price, name)) is not None
        },
    }  # fmt: skip
    try:
        [read] = snapshot.read({"prices": [row]})
    except PricesNotReadable as error:
        raise PriceNotUsable(str(error).removeprefix("Row 1 cannot be read: ").capitalize()) from error
    return NewPrice(
        read.provider, read.model, price.input, price.output, price.cache_read, price.cache_write, price.reasoning,
        price.valid_from, texts.clean(price.note).strip()[:300], price.tiers,
    )  # fmt: skip


def _amounts(price: Price) -> str:
    words = [f"{price.input:g} in", f"{price.output:g} out"]
    words += [f"{price.cache_read:g} cache read"] if price.cache_read != price.input else []
    words += [f"{price.cache_write:g} cache write"] if price.cache_write != price.input else []
    words += [f"{price.reasoning:g} reasoning"] if price.reasoning != price.output else []
    words += [f"{len(price.tiers)} tiers"] if price.tiers else []
    return ", ".join(words)
