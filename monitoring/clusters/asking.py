"""Asks the model that names groups: only where the project allows it, and within what it may spend."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.analysis.models import AnalysisSettings
from projects import spending
from prompt_registry import connections, texts, trial_money
from prompt_registry.models import ProviderConnection
from prompt_registry.prices import books
from prompt_registry.providers import running
from prompt_registry.providers.errors import ProviderError, ProviderTimeout
from prompt_registry.providers.running import RunningCall
from prompt_registry.providers.values import ModelSettings

_SECONDS = 30.0
_MOST_TOKENS = 200
_PURPOSE = "group names"


class NoAnswer(Exception):
    """The model that names groups did not answer, or there is no money for it today. Words of the calls are used instead."""


@dataclass(frozen=True, slots=True)
class Namer:
    """The connection that a project lets name its groups."""

    connection: ProviderConnection


def namer(project_id: int) -> Namer | None:
    """Return what names the groups of a project; none unless somebody chose it."""
    chosen = (
        AnalysisSettings.objects.filter(project_id=project_id).values_list("naming_connection_id", flat=True).first()
    )
    if chosen is None:
        return None
    row = ProviderConnection.objects.select_related("project").filter(project_id=project_id, pk=chosen).first()
    return Namer(row) if row is not None and row.default_model else None


def ask(namer: Namer, messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what the model says; its worst price is set aside before, and what it cost is counted after."""
    row = namer.connection
    settings = ModelSettings(model=row.default_model, temperature=0, max_tokens=_MOST_TOKENS)
    book = books.of(row.project_id)
    worst = trial_money.estimate(book=book, messages=messages, settings=settings, is_simulated=row.is_simulated).worst
    expense, call = None, None
    try:
        if worst.nano_usd:
            expense = spending.reserve(
                project=row.project, amount_nano_usd=worst.nano_usd, purpose=_PURPOSE, by=None
            )  # fmt: skip
        call = _called(row, messages, settings)
    except (ProviderError, spending.SpendingLimitReached) as error:
        raise NoAnswer(str(error)) from error
    finally:
        if expense is not None:
            spending.settle(expense=expense, cost_nano_usd=_cost(row, messages, settings, call))
    if call.completion is None:
        raise NoAnswer(str(call.error or ProviderTimeout()))
    return texts.clean(call.completion.text)


def _called(row: ProviderConnection, messages: Sequence[Mapping[str, Any]], settings: ModelSettings) -> RunningCall:
    changed = threading.Event()
    call = running.start(
        connection=connections.opened(row),
        messages=messages,
        settings=settings,
        changed=changed,
        total_seconds=_SECONDS,
    )
    # It ends by itself in time; this is for the case that it does not.
    deadline = time.monotonic() + _SECONDS + 5
    while not call.is_done and time.monotonic() < deadline:
        changed.wait(0.5)
        changed.clear()
    if not call.is_done:
        call.cancel()
    return call


def _cost(
    row: ProviderConnection, messages: Sequence[Mapping[str, Any]], settings: ModelSettings, call: RunningCall | None
) -> int:
    if call is None:
        return 0
    usage = call.completion.usage if call.completion else None
    is_billed = call.completion is not None or call.text or getattr(call.error, "is_maybe_billed", False)
    if not is_billed:
        return 0
    usage = usage or trial_money.guessed_usage(messages=messages, settings=settings, text=call.text)
    return trial_money.cost_of(
        book=books.of(row.project_id), model=settings.model, usage=usage, is_simulated=row.is_simulated
    ).nano_usd
