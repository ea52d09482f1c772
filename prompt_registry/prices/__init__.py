"""What model calls cost: a reviewed, dated snapshot of public prices and the lookup in it."""

from prompt_registry.prices.costs import cost_nano_usd

__all__ = ["cost_nano_usd"]
