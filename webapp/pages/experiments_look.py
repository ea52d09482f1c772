"""Which part of a comparison somebody looks at; all of it stands in the address, so that a link shows the same to everybody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from evals.experiments import comparisons
from evals.experiments.comparison_values import Column, Comparison
from evals.experiments.models import Experiment
from evals.experiments.rows import Show
from prompt_registry import texts
from webapp.pages.prompts_form import number_in

_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Look:
    """The columns that are compared, the items that are listed, and by what they are cut."""

    against: int
    column: int
    show: Show = Show.ALL
    page: int = 1
    by: str = ""
    # Every column beside each other instead of two.
    is_wide: bool = False

    @property
    def query(self) -> str:
        """Return the address of this look, without what is usual."""
        chosen = {
            "against": self.against or "", "b": self.column, "show": "" if self.show == Show.ALL else self.show.value,
            "page": self.page if self.page > 1 else "", "by": self.by, "wide": "1" if self.is_wide else "",
        }  # fmt: skip
        return urlencode({name: value for name, value in chosen.items() if value != ""})


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to look at it, where that is found, and whether it is what one looks at now."""

    label: str
    url: str
    is_chosen: bool
    count: int | None = None


def compared(experiment: Experiment, request: HttpRequest) -> tuple[Comparison, Look]:
    """Return the comparison that the address names; what it does not name is chosen well."""
    count = len(experiment.variants)
    against = number_in(request.GET, "against")
    against = against if against < count else 0
    comparison = comparisons.compare(experiment=experiment, against=against)
    asked = number_in(request.GET, "b") if request.GET.get("b", "").isdigit() else -1
    column = asked if 0 <= asked < count and asked != against else _interesting(comparison)
    shown = request.GET.get("show", "")
    return comparison, Look(
        against=against, column=column, show=Show(shown) if shown in Show.values else Show.ALL,
        page=max(1, number_in(request.GET, "page")), by=texts.clean(request.GET.get("by", ""))[:_LONGEST_NAME],
        is_wide=request.GET.get("wide") == "1",
    )  # fmt: skip


def address(experiment: Experiment, look: Look, *, route: str = "experiment", place: str = "", number: int = 0) -> str:
    """Return the address of a page or part that shows this look."""
    arguments = [experiment.project.slug, experiment.pk, *([number] if number else [])]
    return f"{reverse(route, args=arguments)}?{look.query}{place}"


def choices_of_columns(comparison: Comparison, look: Look) -> list[Choice]:
    """Return every other variant to look at."""
    return [
        Choice(_name(column), _url(comparison, replace(look, column=column.place, page=1)), column.place == look.column)
        for column in comparison.others
    ]


def choices_of_baseline(comparison: Comparison, look: Look) -> list[Choice]:
    """Return every variant that the others can be compared with."""
    found = []
    for column in comparison.columns:
        other = look.against if column.place == look.column else look.column
        changed = replace(look, against=column.place, column=other, page=1)
        found.append(Choice(_name(column), _url(comparison, changed), column.place == look.against))
    return found


def _name(column: Column) -> str:
    return f"{column.letter} {column.variant.title}"


def _url(comparison: Comparison, look: Look) -> str:
    return address(comparison.experiment, look)


def _interesting(comparison: Comparison) -> int:
    """Return the column to show first: the leader where there is one, else the first of the others."""
    if comparison.leader is not None:
        return comparison.leader.place
    others: tuple[Column, ...] = comparison.others
    return others[0].place if others else 0
