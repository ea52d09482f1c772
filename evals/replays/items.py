"""Makes items of the calls that are asked again: masked, each question once, each with the calls that it stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from evals import calls, datasets, item_care
from evals.errors import DatasetNameTaken
from evals.experiments.recorded import RecordedAnswer
from evals.models import Dataset, DatasetItem
from evals.replays import reading, sampling
from evals.replays.reading import ReplayCall
from evals.replays.sampling import Candidate
from projects.models import Project, User

# The names under which an item notes how many calls it stands for, and what they are about.
STANDS_FOR, TOPIC, TOPIC_ID = "stands_for", "topic", "topic_id"
WRONG_TAG = "had a problem"
_NAMES_TRIED = 100
_LONGEST_NAME = 230


def prepared(*, project: Project, found: Sequence[ReplayCall]) -> list[ReplayCall]:
    """Return the calls masked; of those that ask the same one speaks for all."""
    masker = item_care.masker_of(project)
    same: dict[bytes, list[ReplayCall]] = {}
    for one in found:
        masked = reading.with_output(one, item_care.masked_call(masker, one.call))
        same.setdefault(_asked(masked), []).append(masked)
    return [_speaker(some) for some in same.values()]


def add(
    *, dataset: Dataset, found: Sequence[ReplayCall], names: Mapping[int, str], by: User
) -> dict[int, RecordedAnswer]:
    """Put the calls into the dataset; return what each item was answered then. What is too long for an item is left out."""
    calls.add(dataset=dataset, calls=[_noted(one, names) for one in found], by=by)
    answers: dict[tuple[UUID | None, int | None], RecordedAnswer] = {
        (one.call.span.trace_id, one.call.span.span_id): one.answer for one in found
    }
    rows = DatasetItem.objects.current().filter(dataset=dataset).only("source_trace_id", "source_span_id")
    return {item.pk: answers[step] for item in rows if (step := _step_of(item)) in answers}


def _step_of(item: DatasetItem) -> tuple[UUID | None, int | None]:
    return item.source_trace_id, item.source_span_id


@transaction.atomic
def new_dataset(*, project: Project, name: str, description: str, by: User) -> Dataset:
    """Return an empty dataset of this name, with a number behind it when there is one already."""
    base = name[:_LONGEST_NAME]
    for one in (base, *(f"{base} {number}" for number in range(2, _NAMES_TRIED))):
        try:
            return datasets.create(
                project=project, name=one, description=description[: datasets.MAX_DESCRIPTION], by=by
            )
        except DatasetNameTaken:
            continue
    raise DatasetNameTaken


def _asked(one: ReplayCall) -> bytes:
    says: list[Any] = [one.call.input, one.call.context]
    return hashlib.sha256(orjson.dumps(says, option=orjson.OPT_SORT_KEYS)).digest()


def _speaker(same: Sequence[ReplayCall]) -> ReplayCall:
    by_place = {(one.call.span.trace_id, one.call.span.span_id): one for one in same}
    chosen = sampling.speaker([(_candidate(one), one.stands_for) for one in same])
    found = by_place[chosen.trace_id, chosen.span_id]
    return replace(found, stands_for=sum(one.stands_for for one in same))


def _candidate(one: ReplayCall) -> Candidate:
    return Candidate(one.call.span.trace_id, one.call.span.span_id, 0, one.stratum)


def _noted(one: ReplayCall, names: Mapping[int, str]) -> calls.RecordedCall:
    facts = {
        STANDS_FOR: round(one.stands_for, 4), TOPIC: names.get(one.stratum.topic, ""), TOPIC_ID: one.stratum.topic,
    }  # fmt: skip
    return replace(one.call, facts=facts, tags=(WRONG_TAG,) if one.stratum.was_wrong else ())
