"""Finds items that are nearly the same, and items with personal data or secrets in them, and masks the latter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from evals import datasets, item_contents
from evals.calls import RecordedCall
from evals.coverage import coverage, items
from evals.errors import EvalsError
from evals.item_care_models import DatasetCare
from evals.item_contents import ItemContent
from evals.models import Dataset, DatasetItem
from monitoring import embeddings, masking_policies
from monitoring.ingest.masking import Masker
from monitoring.kinds import IdMode, MaskMode
from monitoring.masking_policies import Choices
from projects import jobs
from projects.models import Job, JobState, Project, User

KIND = "dataset.care"
MOST_FOUND = 200
MOST_MASKED = 100
_MASK = MaskMode.MASK.value
# Whatever a project lets through in its calls: in a dataset it is kept for long, and shown to many.
_EVERYTHING = Choices(
    secret=_MASK, card=_MASK, token=_MASK, email=_MASK, phone=_MASK, iban=_MASK, ids=IdMode.KEEP.value, is_metrics_only=False
)  # fmt: skip
_LABEL = re.compile(r"\[([^\]:]{1,40})(?::[a-p]+)?\]")


def ask(*, dataset: Dataset) -> bool:
    """Ask for a look at the items, unless one is on its way."""
    if is_under_way(dataset):
        return False
    key = f"{dataset.pk} {timezone.now().isoformat()}"
    return jobs.add(kind=KIND, dedupe_key=key, payload={"dataset": dataset.pk}, project_id=dataset.project_id)


def is_under_way(dataset: Dataset) -> bool:
    """Tell whether a look was asked for and is not done yet."""
    states = [JobState.READY, JobState.RUNNING]
    found = Job.objects.filter(kind=KIND, state__in=states, project_id=dataset.project_id)
    return found.filter(payload__dataset=dataset.pk).exists()


def look(*, dataset: Dataset) -> DatasetCare:
    """Look at the items as they are now, and keep what was found."""
    values = {
        "project_id": dataset.project_id, "revision": dataset.revision, "twins": _twins(dataset)[:MOST_FOUND],
        "sensitive": list(_sensitive(dataset)), "looked_at_all": dataset.item_count <= items.MOST,
        "embedding_version": embeddings.for_project(dataset.project_id).version, "checked_at": timezone.now(),
    }  # fmt: skip
    row, _ = DatasetCare.objects.update_or_create(dataset=dataset, defaults=values)
    return row


def mask(*, dataset: Dataset, numbers: Sequence[int], by: User) -> tuple[int, list[str]]:
    """Mask what is sensitive in these items; return how many were changed, and why others could not be."""
    masker = masker_of(dataset.project)
    changed, refusals = 0, []
    for item in dataset.items.current().filter(number__in=list(numbers)[:MOST_MASKED]).by_number():
        content = _masked(masker, item_contents.of_item(item))
        if content == item_contents.of_item(item):
            continue
        try:
            datasets.change_item(
                dataset=dataset, number=item.number, content=content, base_revision=item.valid_from_revision, by=by
            )
            changed += 1
        except EvalsError as error:
            refusals.append(f"Item {item.number}: {error}")
    return changed, refusals


def _twins(dataset: Dataset) -> list[list[Any]]:
    """Return items whose input says nearly the same as that of an earlier one, the most alike first."""
    own = items.current(dataset)
    if not own.numbers:
        return []
    stands_for = coverage.distinct(own.vectors)
    found = [
        [own.numbers[place], own.numbers[first], round(float(own.vectors[place] @ own.vectors[first]), 4)]
        for place, first in enumerate(stands_for.tolist())
        if place != first
    ]
    return sorted(found, key=lambda pair: (-pair[2], pair[0]))


def _sensitive(dataset: Dataset) -> Iterator[list[Any]]:
    masker, count = masker_of(dataset.project), 0
    for item in dataset.items.current().by_number().iterator(chunk_size=200):
        if kinds := _kinds(masker, item):
            yield [item.number, kinds]
            count += 1
            if count == MOST_FOUND:
                return


def _kinds(masker: Masker, item: DatasetItem) -> list[str]:
    """Return the kinds of data in an item, as they stand where masking puts them."""
    content = item_contents.of_item(item)
    before, after = list(_texts(content)), list(_texts(_masked(masker, content)))
    found: dict[str, None] = {}
    for text, masked in zip(before, after, strict=True):
        if text != masked:
            known = set(_LABEL.findall(text))
            found |= dict.fromkeys(label for label in _LABEL.findall(masked) if label not in known)
    return list(found) or (["other"] if before != after else [])


def masker_of(project: Project) -> Masker:
    """Return what masks everything sensitive, whatever the project masks in its calls."""
    rules = masking_policies.rules_of(project)
    return masking_policies.trial_masker(project=project, choices=_EVERYTHING, rules=rules)


def _masked(masker: Masker, content: ItemContent) -> ItemContent:
    return replace(
        content, input=masked_value(masker, content.input), context=masker.text(content.context),
        expected_output=masked_value(masker, content.expected_output),
    )  # fmt: skip


def masked_call(masker: Masker, call: RecordedCall) -> RecordedCall:
    """Return a recorded call with all texts masked that an item would have of it."""
    return replace(
        call, input=masked_value(masker, call.input), output=masker.text(call.output), context=masker.text(call.context),
        correction=masker.text(call.correction), feedback=masker.text(call.feedback),
    )  # fmt: skip


def masked_value(masker: Masker, value: Any) -> Any:
    """Return a value of an item with all its texts masked."""
    if isinstance(value, str):
        return masker.text(value)
    if isinstance(value, list):
        return [masked_value(masker, one) for one in value]
    if isinstance(value, dict):
        return {name: masked_value(masker, one) for name, one in value.items()}
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, ItemContent):
        value = [value.input, value.context, value.expected_output]
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
