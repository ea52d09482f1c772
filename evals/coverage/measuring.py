"""Measures what a dataset represents of the calls of the last two weeks, and keeps the number for each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from evals.coverage import coverage, groups, items, suggestions
from evals.coverage.coverage import Coverage, Vectors
from evals.coverage.models import DatasetCoverage
from evals.models import Dataset
from monitoring import call_samples, embeddings
from monitoring.call_samples import Sample, SampledCall
from projects import jobs
from projects.models import Job, JobState

KIND, PLAN_KIND = "coverage.measure", "coverage.plan"
SUGGESTED = 10
# A group with fewer items is tested by chance.
THIN_ITEMS = 3
_RECENT = timedelta(days=3)
# Choices of calls that somebody looked at within this time are measured every day.
_REMEMBERED = timedelta(days=30)
_ITEMS_LOOKED_AT = 200


def ask(*, dataset: Dataset, prompt_name: str) -> bool:
    """Ask for a new measurement, unless one is on its way."""
    if is_under_way(dataset):
        return False
    payload = {"dataset": dataset.pk, "prompt": prompt_name}
    return jobs.add(
        kind=KIND, dedupe_key=f"{dataset.pk} {timezone.now().isoformat()}", payload=payload, project_id=dataset.project_id
    )  # fmt: skip


def is_under_way(dataset: Dataset) -> bool:
    """Tell whether a measurement was asked for and is not done yet."""
    states = [JobState.READY, JobState.RUNNING]
    return Job.objects.filter(
        kind=KIND, state__in=states, project_id=dataset.project_id, payload__dataset=dataset.pk
    ).exists()


def plan_day() -> None:
    """Ask for the measurements of today that were not asked for yet."""
    day = timezone.now().date()
    for dataset in Dataset.objects.active().filter(item_count__gt=0).iterator():
        for name in _scopes(dataset):
            payload = {"dataset": dataset.pk, "prompt": name}
            key = f"{dataset.pk} {day} {name}"[:200]
            jobs.add(kind=KIND, dedupe_key=key, payload=payload, project_id=dataset.project_id)


def usual_prompt(dataset: Dataset) -> str:
    """Return the prompt that most items were made for, as far as they came from calls; else empty, for all calls."""
    looked_at = dataset.items.current().by_number().values_list("metadata", flat=True)[:_ITEMS_LOOKED_AT]
    names = [str(metadata.get("prompt") or "") for metadata in looked_at]
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    return name[:255] if count * 2 > len(names) else ""


def measure(*, dataset: Dataset, prompt_name: str) -> DatasetCoverage:
    """Compare the dataset as it is now with the calls, and store the result as that of today."""
    sample = call_samples.recent(project_id=dataset.project_id, prompt_name=prompt_name)
    kept = _distinct(sample)
    own = items.current(dataset)
    values: dict[str, Any] = {
        "project_id": dataset.project_id, "revision": dataset.revision, "call_count": len(sample.calls),
        "distinct_count": len(kept.calls), "item_count": len(own.numbers),
        "embedding_version": embeddings.for_project(dataset.project_id).version,
        "expected_percent": coverage.expected_of_random(len(own.numbers)), "measured_at": timezone.now(),
        "percent": None, "thin_percent": None, "groups": [], "suggestions": [],
    }  # fmt: skip
    if len(kept.calls) >= coverage.FEWEST_CALLS:
        values |= _measured(kept, own.vectors, project_id=dataset.project_id)
    row, _ = DatasetCoverage.objects.update_or_create(
        dataset=dataset, prompt_name=prompt_name, day=timezone.now().date(), defaults=values
    )
    return row


def _scopes(dataset: Dataset) -> set[str]:
    since = timezone.now() - _REMEMBERED
    known = set(dataset.coverages.filter(measured_at__gte=since).values_list("prompt_name", flat=True))
    return known or {usual_prompt(dataset)}


def _distinct(sample: Sample) -> Sample:
    places = np.unique(coverage.distinct(sample.vectors)) if sample.calls else np.empty(0, dtype=np.int64)
    return Sample([sample.calls[place] for place in places], sample.vectors[places])


def _measured(sample: Sample, own: Vectors, *, project_id: int) -> dict[str, Any]:
    found = coverage.measure(calls=sample.vectors, items=own)
    labels = groups.grouped(sample.vectors)
    counts = _items_of_groups(sample.vectors, own, found, labels)
    thin = np.isin(labels, [label for label in np.unique(labels) if counts[int(label)] < THIN_ITEMS])
    weights = _weights(sample.calls, labels, project_id=project_id)
    chosen = suggestions.suggest(
        calls=sample.vectors, reach=found.reach, covered=found.covered, weights=weights, count=SUGGESTED
    )  # fmt: skip
    total = len(sample.calls)
    return {
        "percent": found.percent,
        "thin_percent": 100 * float(thin.mean()),
        "groups": _group_rows(sample, found, labels, counts),
        "suggestions": [[*_key(sample.calls[one.place]), one.gain / total] for one in chosen],
    }


def _items_of_groups(calls: Vectors, own: Vectors, found: Coverage, labels: NDArray[np.int64]) -> Counter[int]:
    """Count the items of each group: an item belongs where the call is that it represents best."""
    counts: Counter[int] = Counter()
    for item in own:
        likeness = calls @ item
        place = int(likeness.argmax())
        if likeness[place] >= found.reach[place]:
            counts[int(labels[place])] += 1
    return counts


def _weights(calls: Sequence[SampledCall], labels: NDArray[np.int64], *, project_id: int) -> NDArray[np.float64]:
    traces = list({call.trace_id for call in calls})
    disliked = call_samples.disliked(project_id=project_id, trace_ids=traces)
    flagged = call_samples.flagged(project_id=project_id, trace_ids=traces)
    since = timezone.now() - _RECENT
    recent = np.array([call.at >= since for call in calls])
    return suggestions.weights_of(
        disliked=np.array([call.trace_id in disliked for call in calls]),
        flagged=np.array([call.trace_id in flagged for call in calls]),
        growth=suggestions.growth_of(labels=labels, recent=recent),
    )


def _group_rows(
    sample: Sample, found: Coverage, labels: NDArray[np.int64], counts: Counter[int]
) -> list[dict[str, Any]]:
    names = groups.names_of([call.text for call in sample.calls], labels)
    rows = []
    for label in np.unique(labels).tolist():
        members = np.flatnonzero(labels == label)
        middle = sample.vectors[members].sum(axis=0)
        example = members[int((sample.vectors[members] @ middle).argmax())]
        rows.append({
            "name": names[label], "share": len(members) / len(labels), "covered": float(found.covered[members].mean()),
            "items": counts[label], "example": _key(sample.calls[example]),
        })  # fmt: skip
    return sorted(rows, key=lambda row: -row["share"] * (1 - row["covered"]))


def _key(call: SampledCall) -> list[Any]:
    return [call.trace_id.hex, call.span_id]
