"""Makes a first dataset of a prompt's recent real calls: those that users disliked come first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from evals import calls, datasets
from evals.calls import RecordedCall
from evals.errors import DatasetNameTaken, EvalsError
from evals.models import Dataset
from monitoring import prompt_calls, trace_reading
from monitoring.models import Trace
from monitoring.prompt_calls import PromptCall, Which
from projects.models import User
from prompt_registry.models import Prompt

USUAL_COUNT = 20
DISLIKED_TAG = "disliked"
_NAMES_TRIED = 100
_LONGEST_NAME = 230


class NoRealCalls(EvalsError):
    """No application has called this prompt yet with texts that can be used. Write items by hand, or import a file."""


def recent(prompt: Prompt, *, limit: int = USUAL_COUNT) -> list[PromptCall]:
    """Return the newest calls that users disliked, and after them the newest others."""
    found: dict[UUID, PromptCall] = {}
    for which in (Which.DISLIKED, Which.NEWEST):
        for call in prompt_calls.recent(project=prompt.project, prompt_name=prompt.name, which=which, limit=limit):
            found.setdefault(call.trace_id, call)
    return list(found.values())[:limit]


@transaction.atomic
def make_dataset(*, prompt: Prompt, by: User, limit: int = USUAL_COUNT) -> Dataset:
    """Return a new dataset with the prompt's recent calls; better answers that people gave are what is expected."""
    chosen = recent(prompt, limit=limit)
    recorded = [(call, _recorded(prompt, call)) for call in chosen]
    if not any(found for _, found in recorded):
        raise NoRealCalls
    dataset = _new_dataset(prompt, by=by)
    for is_disliked in (True, False):
        some = [found for call, found in recorded if bool(call.thumbs_down) == is_disliked and found]
        if some:
            calls.add(dataset=dataset, calls=some, tags=[DISLIKED_TAG] if is_disliked else [], by=by)
    if not dataset.item_count:
        raise NoRealCalls
    return dataset


def _recorded(prompt: Prompt, call: PromptCall) -> RecordedCall | None:
    trace = Trace.objects.for_project(prompt.project).filter(trace_id=call.trace_id).first()
    span = trace_reading.span_of(trace, call.span_id) if trace else None
    return calls.of_span(trace, span) if trace and span else None


def _new_dataset(prompt: Prompt, *, by: User) -> Dataset:
    for name in _names(prompt.name):
        try:
            return datasets.create(
                project=prompt.project, name=name, description=f"Recent real calls of {prompt.name}"[:500], by=by
            )
        except DatasetNameTaken:
            continue
    raise DatasetNameTaken


def _names(prompt_name: str) -> Sequence[str]:
    base = f"{prompt_name[:_LONGEST_NAME]}/real calls"
    return [base, *(f"{base} {number}" for number in range(2, _NAMES_TRIED))]
