"""The grid of a trial as its page shows it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F
from django.urls import reverse

from projects import spending
from projects.models import User
from projects.roles import Action
from prompt_registry.models import Prompt
from prompt_registry.trial_models import AttemptOutcome, Trial, TrialAttempt, TrialCell
from prompt_registry.trial_money import dearest
from prompt_registry.trial_plans import TrialInput, Variant, letter
from webapp.access import ProjectRequest
from webapp.pages.prompts_frame import helpers
from webapp.pages.tryit_progress import Progress

TEXT_SHOWN = 20_000
_PROVIDER_ERRORS = frozenset(
    "AddressRefused RedirectRefused KeyMissing KeyRefused QuotaUsedUp PathUnknown ProviderUnreachable ConnectionGone "
    "SecretUnreadable".split()
)
_TEXT_ERRORS = frozenset({"ModelUnknown", "RequestRefused", "AnswerTooLarge"})
# What a provider says when it did not write the answer to its end by itself.
_CUT = {"length": "cut off at the longest answer", "content_filter": "cut off by the provider's filter"}


@dataclass(frozen=True, slots=True)
class WayOut:
    """What to do about an error: a link, or people to ask."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class CellView:
    """One answer with all that stands around it; in blind mode nothing tells which column it comes from."""

    cell: TrialCell
    is_blind: bool
    has_first: bool
    lost_usd: float | None
    way_out: WayOut | None

    @property
    def letter(self) -> str:
        return letter(self.cell.column)

    @property
    def text(self) -> str:
        return self.cell.text[:TEXT_SHOWN]

    @property
    def is_cut(self) -> bool:
        return len(self.cell.text) > TEXT_SHOWN

    @property
    def cost_usd(self) -> float | None:
        return None if self.cell.cost_nano_usd is None else self.cell.cost_nano_usd / spending.NANO

    @property
    def can_compare(self) -> bool:
        return bool(
            self.cell.column and self.cell.text and self.has_first and not self.is_blind and not self.cell.is_active
        )

    @property
    def cut(self) -> str:
        return _CUT.get(self.cell.finish_reason, "")


@dataclass(frozen=True, slots=True)
class RowView:
    """One input with its answers."""

    number: int
    given: TrialInput
    cells: list[CellView]

    @property
    def is_active(self) -> bool:
        return any(view.cell.is_active for view in self.cells)


@dataclass(frozen=True, slots=True)
class ColumnView:
    """The head of a column."""

    number: int
    variant: Variant

    @property
    def letter(self) -> str:
        return letter(self.number)


@dataclass(frozen=True, slots=True)
class Grid:
    """A trial, ready to be shown."""

    trial: Trial
    columns: list[ColumnView]
    rows: list[RowView]


def grid_of(request: ProjectRequest, trial: Trial, progress: Progress) -> Grid:
    """Return the grid of a trial."""
    variants = [Variant.from_json(raw) for raw in trial.variants]
    views = views_of(request, trial, progress, list(trial.cells.order_by("row", "column")))
    rows = []
    for number, raw in enumerate(trial.inputs):
        cells = [view for view in views if view.cell.row == number]
        rows.append(RowView(number, TrialInput.from_json(raw), _mixed(trial, cells) if progress.is_blind else cells))
    return Grid(trial, [ColumnView(number, variant) for number, variant in enumerate(variants)], rows)


def views_of(request: ProjectRequest, trial: Trial, progress: Progress, cells: Sequence[TrialCell]) -> list[CellView]:
    """Return some answers with all that stands around them."""
    outs, lost, firsts = _ways_out(request, trial.prompt), _lost(trial), progress.rows_with_first
    return [
        CellView(
            cell=cell, is_blind=progress.is_blind, has_first=cell.row in firsts, lost_usd=lost.get(cell.pk),
            way_out=outs.get(cell.error_kind),
        )
        for cell in cells
    ]  # fmt: skip


def dearest_in_words() -> str:
    """Say at which price models count whose price nobody knows."""
    read, written = dearest()
    return f"${read:g} for a million tokens read and ${written:g} for a million written"


def _mixed(trial: Trial, views: list[CellView]) -> list[CellView]:
    """Return the answers of a row in an order that says nothing, and is the same whenever one looks."""
    return sorted(views, key=lambda view: hashlib.sha256(f"{trial.pk} {view.cell.pk}".encode()).digest())


def _lost(trial: Trial) -> dict[int, float]:
    """Return what the calls of dead workers may have cost, by cell, since it was last asked."""
    attempts = TrialAttempt.objects.filter(
        cell__trial=trial, outcome=AttemptOutcome.LOST, started_at__gte=F("cell__asked_at")
    )
    sums: Counter[int] = Counter()
    for cell_id, cost in attempts.values_list("cell_id", "cost_nano_usd"):
        sums[cell_id] += cost or 0
    return {cell_id: cost / spending.NANO for cell_id, cost in sums.items()}


def _ways_out(request: ProjectRequest, prompt: Prompt) -> dict[str, WayOut]:
    slug = request.project.slug
    outs = {
        kind: WayOut("Change the text or its model", reverse("prompt", args=[slug, prompt.pk])) for kind in _TEXT_ERRORS
    }
    if request.membership.can(Action.MANAGE_PROVIDERS):
        providers = WayOut("Open Model providers", reverse("settings-providers", args=[slug]))
        outs |= dict.fromkeys(_PROVIDER_ERRORS, providers)
        outs["SpendingLimitReached"] = WayOut("Change the limits", reverse("settings-spending", args=[slug]))
    return outs


def people_who_pay(request: ProjectRequest) -> list[User]:
    """Return the admins who can raise a limit or connect a provider, for those who cannot."""
    return [] if request.membership.can(Action.MANAGE_PROVIDERS) else helpers(request, Action.MANAGE_PROVIDERS)
