"""The form in which a project says what a model costs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from prompt_registry.prices.changes import NewPrice
from prompt_registry.prices.costs import Book
from prompt_registry.prices.snapshot import MOST_USD, Price
from webapp.pages.settings_prices_rows import today_price

_RATES = ("input", "output", "cache_read", "cache_write", "reasoning")
_TIER_RATES = ("input", "output", "cache_read")
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


def _dollars(label: str, help_text: str = "", *, is_required: bool = False) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, help_text=help_text, required=is_required, min_value=0, max_value=Decimal(str(MOST_USD)),
        max_digits=14, decimal_places=6, widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", **_PLAIN}),
    )  # fmt: skip


class PriceForm(forms.Form):
    model = forms.CharField(
        label="Model", max_length=120, widget=forms.TextInput(attrs=_PLAIN),
        help_text="As your calls name it. A star at the end stands for whatever follows: «our-model-*».",
    )  # fmt: skip
    provider = forms.CharField(
        label="Provider", max_length=60, required=False, widget=forms.TextInput(attrs=_PLAIN),
        help_text="Only when the same model costs something else elsewhere, for example «azure».",
    )  # fmt: skip
    valid_from = forms.DateField(
        label="From this day on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    input = _dollars("Input", "US dollars per million tokens, like all amounts here.", is_required=True)
    output = _dollars("Output", is_required=True)
    cache_read = _dollars("Read from the cache", "Empty: like other input.")
    cache_write = _dollars("Written to the cache", "Empty: like other input.")
    reasoning = _dollars("Reasoning", "Empty: like other output.")
    tier_above = forms.IntegerField(
        label="Long calls: more input tokens than", required=False, min_value=1, max_value=10**9 - 1,
        help_text="Some providers charge more for a whole call when its input is long. Leave empty if yours does not.",
    )  # fmt: skip
    tier_input = _dollars("Input of long calls")
    tier_output = _dollars("Output of long calls")
    tier_cache_read = _dollars("Cache reads of long calls", "Empty: like other input of long calls.")
    note = forms.CharField(
        label="Note", max_length=300, required=False, help_text="Where the price is from: a contract, a page, a person."
    )

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name != "note" and field not in self.tier_fields]

    @property
    def tier_fields(self) -> list[forms.BoundField]:
        """The fields that few people need."""
        return [field for field in self if field.name.startswith("tier_")]

    @property
    def has_tier(self) -> bool:
        """Whether something is in them, so that they must not stay hidden."""
        return any(field.value() or field.errors for field in self.tier_fields)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("tier_above") and None in (values.get("tier_input"), values.get("tier_output")):
            self.add_error("tier_above", "Say what input and output of long calls cost, or leave this empty.")
        return values


def price_of(values: Mapping[str, Any]) -> NewPrice:
    """Return the price that the form describes."""
    return NewPrice(
        provider=values["provider"], model=values["model"], valid_from=values["valid_from"], note=values["note"],
        tiers=_tiers(values), **{name: values[name] for name in _RATES},
    )  # fmt: skip


def initial_of(book: Book, *, provider: str, model: str) -> dict[str, Any]:
    """Return what the form begins with: what the model costs today, from today on."""
    values: dict[str, Any] = {"model": model, "provider": provider, "valid_from": timezone.now().date()}
    price = today_price(book, provider=provider, model=model) if model else None
    return values | (_known(price) if price else {})


def _tiers(values: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    if not values["tier_above"]:
        return ()
    rates = {name: values[f"tier_{name}"] for name in _TIER_RATES}
    given = {name: float(rate) for name, rate in rates.items() if rate is not None}
    return ({"above": values["tier_above"], **given},)


def _known(price: Price) -> dict[str, Any]:
    known: dict[str, Any] = {name: f"{getattr(price, name):g}" for name in _RATES}
    if price.cache_read == price.input:
        known["cache_read"] = None
    if price.cache_write == price.input:
        known["cache_write"] = None
    if price.reasoning == price.output:
        known["reasoning"] = None
    if price.tiers:
        tier = price.tiers[0]
        known |= {f"tier_{name}": f"{getattr(tier, name):g}" for name in _TIER_RATES} | {"tier_above": tier.above}
    return known
