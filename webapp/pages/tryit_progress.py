"""How far a trial is: what its page asks for again and again, read without inputs, texts or columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db.models import Q, QuerySet

from projects import spending
from projects.spending import Today
from prompt_registry import trials
from prompt_registry.prices import books
from prompt_registry.prices.costs import Book
from prompt_registry.trial_models import CellState, Mark, Trial, TrialCell
from prompt_registry.trial_money import Estimate
from prompt_registry.trial_plans import TrialInput, Variant, letter
from webapp.access import ProjectRequest

_NARROW = ("pk", "trial_id", "row", "column", "state", "revision", "mark")
_ENDED = (CellState.DONE, CellState.FAILED, CellState.STOPPED)
_ESTIMATES_KEPT = 256


@dataclass(frozen=True, slots=True)
class Column:
    """A column that somebody found better, so many times."""

    letter: str
    better: int


@dataclass(frozen=True)
class Progress:
    """A trial as far as it is; `is_inside` when it is shown as a part of another page, `is_blind` when columns are hidden."""

    trial: Trial
    cells: list[TrialCell]
    is_blind: bool
    is_inside: bool
    today: Today

    @property
    def is_active(self) -> bool:
        return any(cell.is_active for cell in self.cells)

    @property
    def ended(self) -> int:
        return sum(cell.state in _ENDED for cell in self.cells)

    @property
    def total(self) -> int:
        return len(self.cells)

    @property
    def open(self) -> int:
        """How many cells have no whole answer."""
        return sum(cell.state != CellState.DONE for cell in self.cells)

    @property
    def as_good(self) -> int:
        return sum(cell.mark == Mark.SAME for cell in self.cells)

    @property
    def better(self) -> list[Column]:
        counts = Counter(cell.column for cell in self.cells if cell.mark == Mark.BETTER)
        return [Column(letter(number), counts[number]) for number in sorted(counts)]

    @property
    def rows_with_first(self) -> set[int]:
        """The rows whose answer in column A can be compared with."""
        return {cell.row for cell in self.cells if cell.column == 0 and getattr(cell, "has_text", False)}

    @cached_property
    def spent_usd(self) -> float:
        return trials.spent_nano_usd(self.trial) / spending.NANO

    @property
    def estimate(self) -> Estimate | None:
        """What the whole grid costs once more; nothing while it is being answered, because nobody can ask then."""
        if self.is_active or not self.cells:
            return None
        size = max(cell.row for cell in self.cells) + 1, max(cell.column for cell in self.cells) + 1
        return _estimate(self.trial.pk, *size, books.of(self.trial.project_id))

    @property
    def suffix(self) -> str:
        """What the addresses of this page's forms end with, so that answers come back in the same shape."""
        return "?blind=1" if self.is_blind else "?in=page" if self.is_inside else ""

    @property
    def revisions(self) -> str:
        """Return what the page has, as text for the next question."""
        return "-".join(f"{cell.pk}.{cell.revision}" for cell in self.cells)

    def changed_since(self, have: str) -> list[int]:
        """Return the cells that a page with these revisions does not show yet."""
        known = dict(part.split(".", 1) for part in have.split("-") if "." in part)
        return [cell.pk for cell in self.cells if known.get(str(cell.pk)) != str(cell.revision)]


def of(request: ProjectRequest, trial: Trial, *, is_inside: bool = False) -> Progress:
    """Return how far the trial is, in the shape that the address asks for."""
    return Progress(
        trial, list(_narrow(trial)), is_blind=request.GET.get("blind") == "1",
        is_inside=is_inside or request.GET.get("in") == "page",
        today=spending.today(project=request.project, user=request.user),
    )  # fmt: skip


def estimate_of(trial: Trial) -> Estimate:
    """Return what asking everything in the trial may cost."""
    return trials.estimate(
        project_id=trial.project_id, inputs=map(TrialInput.from_json, trial.inputs),
        variants=[Variant.from_json(raw) for raw in trial.variants],
    )  # fmt: skip


def whole(trial: Trial, cells: Iterable[int]) -> list[TrialCell]:
    """Return some cells with their texts, in order."""
    return list(trial.cells.filter(pk__in=list(cells)).order_by("row", "column"))


def _narrow(trial: Trial) -> QuerySet[TrialCell]:
    return trial.cells.only(*_NARROW).annotate(has_text=~Q(text="")).order_by("row", "column")


@lru_cache(maxsize=_ESTIMATES_KEPT)
def _estimate(trial_id: int, rows: int, columns: int, book: Book) -> Estimate:
    """Rows and columns are only ever added, so their numbers say whether anything is new; the prices are the book's."""
    return estimate_of(Trial.objects.get(pk=trial_id))
