"""What somebody chose on the form of a new test: the texts, the items, the checks, and how far it may go."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.http import QueryDict

from evals import datasets, queries
from evals.errors import EvalsError
from evals.evaluators.models import EvaluatorVersion
from evals.experiments import money, sample_sizes, suggestions
from evals.experiments.money import Estimate
from evals.experiments.plans import MAX_REPETITIONS, MAX_VARIANTS, ExperimentPlan, Variant
from evals.experiments.suggestions import Missing
from evals.models import Dataset, DatasetItemQuerySet
from projects import spending
from projects.models import User
from prompt_registry import texts
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from webapp.pages import experiments_variants, tryit_sources
from webapp.pages.experiments_variants import Column
from webapp.pages.prompts_form import number_in
from webapp.pages.tryit_sources import Desk

COUNTS = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
REPETITIONS = tuple(count for count in (1, 2, 3, 5, 10) if count <= MAX_REPETITIONS)
USUAL_LIMIT = 200
# What may be spent when nothing costs anything, so that a price that appears later still finds an end.
_SMALLEST_CAP_USD = 1.0
_LONGEST_NAME = 200
_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class CheckChoice:
    """A check that can be chosen, and whether it is."""

    version: EvaluatorVersion
    is_chosen: bool


@dataclass(frozen=True)
class SetUp:
    """Everything that the page shows before the start."""

    prompt: Prompt
    user: User
    desk: Desk
    columns: list[Column]
    dataset: Dataset | None
    datasets: list[Dataset]
    checks: list[CheckChoice]
    limit: int
    split: str
    repetitions: int
    grouped_by: str
    stops_early: bool
    uses_cache: bool
    name: str
    note: str
    once: str
    typed_cap: str = ""
    splits: list[str] = field(default_factory=list)
    groupings: list[str] = field(default_factory=list)

    @property
    def variants(self) -> list[Variant]:
        return [column.variant for column in self.columns if column.variant]

    @property
    def evaluators(self) -> list[EvaluatorVersion]:
        return [check.version for check in self.checks if check.is_chosen]

    @property
    def problems(self) -> list[str]:
        """What keeps the columns from being asked, each said once."""
        return list(dict.fromkeys(column.problem for column in self.columns if column.problem))

    @property
    def may_grow(self) -> bool:
        return len(self.columns) < MAX_VARIANTS

    @cached_property
    def items(self) -> DatasetItemQuerySet | None:
        """The items of the chosen part; before the limit."""
        if self.dataset is None:
            return None
        found = datasets.items_at(dataset=self.dataset, revision=self.dataset.revision)
        return found.filter(split=self.split) if self.split else found

    @cached_property
    def available(self) -> int:
        return self.items.count() if self.items is not None else 0

    @property
    def item_count(self) -> int:
        return min(self.available, self.limit) if self.limit else self.available

    @property
    def counts(self) -> list[int]:
        """The numbers of items that can be chosen besides all."""
        return [count for count in COUNTS if count < self.available]

    @cached_property
    def missing(self) -> Missing:
        if self.items is None:
            return Missing(0, {})
        return suggestions.missing_in(self.items, experiments_variants.blanks_of(self.columns))

    @cached_property
    def without_expected(self) -> int:
        """How many items have no expected answer."""
        return suggestions.without_expected(self.items) if self.items is not None else 0

    @property
    def usual_name(self) -> str:
        titles = " against ".join(variant.title for variant in reversed(self.variants[:2]))
        return f"{titles} of {self.prompt.name}"[:_LONGEST_NAME] if titles else self.prompt.name[:_LONGEST_NAME]

    @property
    def sample_size(self) -> str:
        return sample_sizes.in_words(self.item_count)

    def plan(self, cap_nano_usd: int = 0) -> ExperimentPlan | None:
        """Return what would be run, or None as long as a part of it is missing."""
        if self.dataset is None or not self.variants or self.problems:
            return None
        return ExperimentPlan(
            name=self.name or self.usual_name, dataset=self.dataset, revision=self.dataset.revision, prompt=self.prompt,
            variants=self.variants, evaluators=self.evaluators, split=self.split, repetitions=self.repetitions,
            grouped_by=self.grouped_by, cap_nano_usd=cap_nano_usd, stops_early=self.stops_early, note=self.note,
            limit=self.limit, uses_cache=self.uses_cache,
        )  # fmt: skip

    @cached_property
    def priced(self) -> tuple[Estimate | None, str]:
        """What it will cost, or the reason why nobody can tell."""
        plan = self.plan()
        if plan is None or not self.available:
            return None, ""
        try:
            return money.estimate(plan=plan), ""
        except (EvalsError, PromptRegistryError) as error:
            return None, str(error)

    @property
    def estimate(self) -> Estimate | None:
        return self.priced[0]

    @cached_property
    def today(self) -> spending.Today:
        return spending.today(project=self.prompt.project, user=self.user)

    @property
    def cap(self) -> str:
        """What it may cost at most, in dollars, as the field shows it."""
        return self.typed_cap or self.usual_cap

    @property
    def usual_cap(self) -> str:
        worst = self.estimate.worst.nano_usd / spending.NANO if self.estimate else 0.0
        return f"{max(_SMALLEST_CAP_USD if not worst else 0.01, math.ceil(worst * 100) / 100):.2f}"

    @property
    def cap_nano_usd(self) -> int:
        """What it may cost at most; 0 when what was typed is no amount."""
        return in_nano_usd(self.cap)


def read(prompt: Prompt, user: User, chosen: QueryDict) -> SetUp:
    """Return the set-up that a form or an address describes; what it leaves open is chosen as is usual."""
    desk = tryit_sources.desk_of(prompt, user)
    columns = experiments_variants.columns_of(desk, chosen)
    offered = tryit_sources.datasets_of(prompt.project)
    dataset = _dataset(prompt, offered, columns, chosen)
    splits = queries.splits(dataset) if dataset else []
    groupings = suggestions.groupings_of(dataset) if dataset else []
    repetitions = number_in(chosen, "repetitions")
    return SetUp(
        prompt=prompt, user=user, desk=desk, columns=columns, dataset=dataset,
        datasets=offered if dataset is None or dataset in offered else [dataset, *offered],
        checks=_checks(prompt, dataset, chosen), limit=_limit(dataset, chosen), splits=splits, groupings=groupings,
        split=_one_of(splits, chosen.get("split", "")), grouped_by=_one_of(groupings, chosen.get("grouped_by", "")),
        repetitions=repetitions if repetitions in REPETITIONS else 1,
        stops_early=bool(chosen.get("stops_early")),
        uses_cache="sent" not in chosen or bool(chosen.get("uses_cache")), name=_words(chosen, "name", _LONGEST_NAME),
        note=_words(chosen, "note", _LONGEST_NOTE), once=_token(chosen.get("once", "")), typed_cap=_typed_cap(chosen),
    )  # fmt: skip


def in_nano_usd(text: str) -> int:
    """Return a typed amount of dollars in billionths, 0 when it is none."""
    try:
        amount = float(text.strip().removeprefix("$").replace(",", ""))
    except ValueError:
        return 0
    if not 0 < amount <= spending.MOST_NANO_USD / spending.NANO:
        return 0
    return round(amount * spending.NANO)


def _dataset(
    prompt: Prompt, offered: Sequence[Dataset], columns: Sequence[Column], chosen: QueryDict
) -> Dataset | None:
    if "dataset" in chosen:
        wanted = Dataset.objects.for_project(prompt.project).active().filter(pk=number_in(chosen, "dataset"))
        return wanted.select_related("project").first()
    return suggestions.dataset_for(prompt, blanks=experiments_variants.blanks_of(columns))


def _checks(prompt: Prompt, dataset: Dataset | None, chosen: QueryDict) -> list[CheckChoice]:
    offered = suggestions.evaluators_of(prompt.project)
    if "sent" in chosen or "check" in chosen:
        wanted = {int(text) for text in chosen.getlist("check") if text.isascii() and text.isdigit() and len(text) < 12}
    else:
        has_expected = (
            dataset is not None and suggestions.without_expected(dataset.items.current()) < dataset.item_count
        )
        wanted = suggestions.evaluators_for(prompt, offered, has_expected=has_expected)
    return [CheckChoice(version, version.evaluator_id in wanted) for version in offered]


def _limit(dataset: Dataset | None, chosen: QueryDict) -> int:
    if "limit" in chosen:
        wanted = number_in(chosen, "limit")
        return wanted if wanted in COUNTS else 0
    return USUAL_LIMIT if dataset is not None and dataset.item_count > USUAL_LIMIT else 0


def _typed_cap(chosen: QueryDict) -> str:
    """Return the amount that somebody typed; one that the page suggested follows the price."""
    typed = chosen.get("cap", "").strip()[:20]
    return "" if typed == chosen.get("suggested_cap", "") else typed


def _one_of(known: Sequence[str], wanted: str) -> str:
    return wanted if wanted in known else ""


def _words(chosen: QueryDict, name: str, longest: int) -> str:
    return texts.clean(chosen.get(name, "")).strip()[:longest]


def _token(text: str) -> str:
    """Return what makes a form one form, however often it is sent."""
    try:
        return uuid.UUID(hex=text).hex
    except ValueError:
        return uuid.uuid4().hex
