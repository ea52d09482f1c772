"""Finds the prices of a model by its provider and its name as reported in the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, TypeVar

from prompt_registry.prices.snapshot import Price

# What instrumentations call the providers of the table.
_PROVIDERS = {
    "azure.ai.openai": "openai",
    "azure": "openai",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "vertex_ai": "google",
    "google_genai": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "x_ai": "xai",
}
# These speak for many vendors: the OpenAI client for every compatible server, Bedrock for its tenants.
_ANY_VENDOR = {"", "openai", "aws.bedrock", "bedrock", "openai_compatible"}

_BEFORE_THE_NAME = re.compile(
    r"^(models/|publishers/google/models/)?((us|eu|apac|jp|au|global)\.)?((openai|anthropic|amazon|google|deepseek)[./])?"
)
_AFTER_THE_FAMILY = re.compile(r"([-@]\d{4}-\d{2}-\d{2}|[-@]\d{8}|-latest|-v\d+(:\d+)?)+$")


class _Row(Protocol):
    """Anything that is said about the models of a provider."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...


R = TypeVar("R", bound=_Row)


def prices_of(*, provider: str, model: str, prices: Iterable[Price]) -> tuple[Price, ...]:
    """Return the prices of one model, the newest first: exact name, then its family, then the longest pattern."""
    found = rows_of(provider=provider, model=model, rows=prices)
    return tuple(sorted(found, key=lambda price: price.valid_from, reverse=True))


def rows_of(*, provider: str, model: str, rows: Iterable[R]) -> list[R]:
    """Return the rows about one model: exact name, then its family, then the longest pattern."""
    provider = _PROVIDERS.get(provider.strip().lower(), provider.strip().lower())
    rows = list(rows)
    # What a project set without a provider holds for all of them.
    own, anybodys = ([row for row in rows if row.provider == name] for name in (provider, ""))
    candidates = [own, anybodys, rows] if provider in _ANY_VENDOR else [own, anybodys]
    sent = model.strip().lower()
    plain = _BEFORE_THE_NAME.sub("", sent)
    family = _AFTER_THE_FAMILY.sub("", plain)
    for name in (sent, plain, family):
        for some in candidates:
            found = [row for row in some if row.model == name]
            if found:
                return found
    return _longest_pattern((sent, plain, family), candidates)


def _longest_pattern(names: tuple[str, ...], candidates: list[list[R]]) -> list[R]:
    for some in candidates:
        patterns = (row for row in some if row.model.endswith("*"))
        matching = [row for row in patterns if any(name.startswith(row.model[:-1]) for name in names)]
        if matching:
            longest = max(matching, key=lambda row: len(row.model)).model
            return [row for row in matching if row.model == longest]
    return []
