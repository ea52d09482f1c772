"""What the next experiment of a prompt most likely wants: the dataset, the evaluators and the grouping of the last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, JSONField, Q, Value

from evals.evaluators.catalogue import KINDS
from evals.evaluators.models import EvaluatorVersion
from evals.experiments.models import Experiment, RunsIn
from evals.experiments.plans import RECORDED
from evals.models import Dataset, DatasetItem, DatasetItemQuerySet
from projects.models import Project
from prompt_registry.models import Prompt

_EVALUATORS_OFFERED = 100
_PRESELECTED = 4
# Good for prompts that were made for it, and wrong for all others.
_FOR_SOME = frozenset({"json", "json path", "tool calls", "date", "number", "citation", "links", "groundedness"})
_LOOKED_AT = 200
_DATASETS_LOOKED_AT = 50
_MOST_NAMES = 40


@dataclass(frozen=True, slots=True)
class Missing:
    """How many items cannot be asked because blanks have no value, and in how many each blank is missing."""

    items: int
    by_blank: dict[str, int]


def last_of(prompt: Prompt) -> Experiment | None:
    """Return the newest experiment of the prompt that was neither run in code nor a replay, whose items are of one day."""
    rows = Experiment.objects.filter(prompt=prompt, runs_in=RunsIn.WORKERS).select_related("dataset")
    rows = rows.exclude(variants__0__kind=RECORDED)
    return rows.newest_first().first()


def dataset_for(prompt: Prompt, *, blanks: Sequence[str]) -> Dataset | None:
    """Return the dataset that the prompt was last tested on, or else one whose items fill its blanks."""
    last = last_of(prompt)
    if last is not None and not last.dataset.archived_at:
        return last.dataset
    filled = Dataset.objects.for_project(prompt.project).active().filter(item_count__gt=0).order_by("-changed_at")
    fitting = (one for one in filled[:_DATASETS_LOOKED_AT] if blanks and _fills(one, blanks))
    return next(fitting, None)


def evaluators_of(project: Project) -> list[EvaluatorVersion]:
    """Return the newest version of every evaluator of the project that is not in the archive, by name."""
    rows = EvaluatorVersion.objects.filter(
        evaluator__project=project, evaluator__archived_at=None, number=F("evaluator__version")
    )
    return list(rows.select_related("evaluator").order_by("evaluator__name")[:_EVALUATORS_OFFERED])


def evaluators_for(prompt: Prompt, offered: Sequence[EvaluatorVersion], *, has_expected: bool) -> set[int]:
    """Return the evaluators to begin with: those of the last experiment, or else a few that cost nothing."""
    last = last_of(prompt) or Experiment.objects.for_project(prompt.project).newest_first().first()
    known = {version.evaluator_id for version in offered}
    if last is not None:
        used = set(last.evaluator_versions.values_list("evaluator_id", flat=True)) & known
        if used:
            return used
    usable = [version for version in offered if version.kind in KINDS and version.kind not in _FOR_SOME]
    fitting = [version.evaluator_id for version in usable if has_expected or not needs_expected(version)]
    return set(fitting[:_PRESELECTED])


def needs_expected(version: EvaluatorVersion) -> bool:
    """Tell whether the evaluator compares with the expected output of the item."""
    kind = KINDS.get(version.kind)
    return bool(kind and kind.needs_expected)


def missing_in(items: DatasetItemQuerySet, blanks: Sequence[str]) -> Missing:
    """Return how many of the items lack a value for some of these blanks."""
    lacking = Q()
    by_blank = {}
    for name in blanks:
        is_missing = ~Q(input__has_key=name)
        lacking |= is_missing
        if count := items.filter(is_missing).count():
            by_blank[name] = count
    return Missing(items.filter(lacking).count() if by_blank else 0, by_blank)


def without_expected(items: DatasetItemQuerySet) -> int:
    """Return how many of the items say nothing about what should come out."""
    return items.filter(Q(expected_output__isnull=True) | Q(expected_output=Value(None, JSONField()))).count()


def groupings_of(dataset: Dataset) -> list[str]:
    """Return the names in the metadata by which items may share a source, from the first items."""
    names: dict[str, None] = {}
    rows = dataset.items.current().order_by("number").values_list("metadata", flat=True)[:_LOOKED_AT]
    for metadata in rows:
        names |= dict.fromkeys(name for name, value in metadata.items() if isinstance(value, str | int))
    return list(names)[:_MOST_NAMES]


def _fills(dataset: Dataset, blanks: Sequence[str]) -> bool:
    first = DatasetItem.objects.current().filter(dataset=dataset).order_by("number").first()
    return first is not None and set(blanks) <= set(first.input)
