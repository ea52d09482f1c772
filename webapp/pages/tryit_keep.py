"""Keeps an answer of a trial as an item of a dataset, and says what became of it."""

from __future__ import annotations

from evals import datasets
from evals.models import Dataset, ItemSource
from projects.models import Project, User
from prompt_registry.trial_models import TrialCell
from prompt_registry.trial_plans import TrialInput, Variant

_OFFERED = 100


def places(project: Project) -> list[Dataset]:
    """Return the datasets that an answer can be kept in."""
    return list(Dataset.objects.for_project(project).active().by_name()[:_OFFERED])


def keep(*, dataset: Dataset, cell: TrialCell, given: TrialInput, variant: Variant, by: User) -> str:
    """Store the input with this answer as what is expected, and return the sentence that says so."""
    prompt = cell.trial.prompt.name
    item = datasets.add_item(
        dataset=dataset, input=dict(given.values), expected_output=cell.text or None,
        metadata={"prompt": prompt, "variant": variant.title, "model": cell.model or variant.model},
        source=ItemSource.TRIAL, source_trace_id=given.trace_id or None, by=by,
    )  # fmt: skip
    if item.was_there_already:
        return f"«{dataset.name}» has this item already, as number {item.number}."
    return f"Kept in «{dataset.name}» as item {item.number}."
