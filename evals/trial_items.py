"""Keeps the inputs of a trial as items of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from evals import datasets, item_contents
from evals.adding import Addition, NewItem
from evals.models import Dataset, ItemSource
from projects.models import User
from prompt_registry.trial_models import Trial
from prompt_registry.trial_plans import CALL, TrialInput, conversation_in

_NAMES_TRIED = 100
_LONGEST_NAME = 230


@dataclass(frozen=True, slots=True)
class TrialKept:
    """The dataset that the inputs went into, and what became of them."""

    dataset: Dataset
    addition: Addition


@transaction.atomic
def keep(*, trial: Trial, dataset: Dataset | None, name: str = "", by: User) -> TrialKept:
    """Put the inputs into the dataset, or into a new one of this name; what is in it already is left out."""
    if dataset is None:
        description = f"Inputs that {trial.prompt.name} was tried on"[: datasets.MAX_DESCRIPTION]
        dataset = datasets.create(project=trial.project, name=name, description=description, by=by)
    items = [_item(trial, TrialInput.from_json(raw)) for raw in trial.inputs]
    done = datasets.add_items(dataset=dataset, items=[item for item in items if item], origin="a trial", by=by)
    return TrialKept(dataset, done)


def free_name(trial: Trial) -> str:
    """Return a name for a new dataset that no other dataset of the project has."""
    base = f"{trial.prompt.name[:_LONGEST_NAME]}/tried"
    taken = set(Dataset.objects.filter(project=trial.project_id, name__startswith=base).values_list("name", flat=True))
    names = [base, *(f"{base} {number}" for number in range(2, _NAMES_TRIED))]
    return next((name for name in names if name not in taken), base)


def _item(trial: Trial, given: TrialInput) -> NewItem | None:
    if not given.values:
        return None
    content = item_contents.checked(
        input={name: _value(value) for name, value in given.values.items()},
        # Only an item of a dataset says what is right; what an application once answered does not.
        expected_output=given.answer if given.is_item else None, metadata={"prompt": trial.prompt.name},
        tags=["disliked"] if given.is_disliked else [],
    )  # fmt: skip
    came_from = ItemSource.CALL if given.source == CALL else ItemSource.TRIAL
    return NewItem(content, came_from, UUID(hex=given.trace_id) if given.trace_id else None)


def _value(value: str) -> Any:
    """Return a recorded conversation as its messages, and every other value as it is."""
    talk = conversation_in(value)
    return value if talk is None else talk
