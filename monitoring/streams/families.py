"""Cuts calls into the cells that problems are looked for in: groups of questions, prompts, models, environments, and parts of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# What natural differences are tolerated: between groups of questions and parts of one prompt, and between prompts, models
# or environments, which do different things.
_ALIKE, _UNLIKE = 1.25, 2.0
_HOURS = 24
# Lengths of the times of day that something may go wrong at.
_LENGTHS = (1, 2, 3, 4, 6)
_BY_HOUR = ("slow", "late_start", "failed", "empty")


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """Calls in columns; prompts, models and so on are numbers of their names. `bad` holds the places of bad calls by signal."""

    # The ids of clusters; 0 for none.
    cluster: Ints
    prompt: Ints
    model: Ints
    environment: Ints
    version: Ints
    # The hour of the day.
    hour: Ints
    # -1 not known, 0 something was found, from 1 on which retriever found nothing.
    retrieval: Ints
    # Whom the call was for; calls of one unit are no independent evidence.
    unit: Ints
    # Calls of one conversation go wrong together.
    conversation: Ints
    bad: Mapping[str, Ints]
    prompts: Sequence[str]
    models: Sequence[str]
    environments: Sequence[str]
    retrievers: Sequence[str] = ()
    # Calls and bad calls of a time before, by the number of the prompt and the signal.
    past_of_prompt: Mapping[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    # The same by the numbers of the prompt and the model, and the signal.
    past_of_model: Mapping[tuple[int, int, str], tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cluster)


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the traffic that an issue can be about; what is empty may be anything."""

    cluster_id: int | None = None
    prompt_name: str = ""
    model: str = ""
    environment: str = ""


def members(calls: Calls, region: Region) -> NDArray[np.bool_]:
    """Tell which calls belong to a region."""
    is_in = np.ones(len(calls), dtype=bool)
    if region.cluster_id is not None:
        is_in &= calls.cluster == region.cluster_id
    named = (
        (region.prompt_name, calls.prompts, calls.prompt), (region.model, calls.models, calls.model),
        (region.environment, calls.environments, calls.environment),
    )  # fmt: skip
    for wanted, names, column in named:
        if wanted:
            is_in &= column == (list(names).index(wanted) if wanted in names else -1)
    return is_in


@dataclass(frozen=True, slots=True)
class Part:
    """What narrows a region further: a dimension of attribution and its value."""

    dimension: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Cells of one kind: of each call its cell (-1 for none), and the stratum whose other calls tell what is usual."""

    cell: Ints
    stratum: Ints
    regions: Sequence[tuple[Region, Part | None]]
    tolerance: float = _ALIKE
    # None for all.
    signals: tuple[str, ...] | None = None
    # Every cell lies within one stratum; otherwise cells are compared stratum by stratum.
    is_within: bool = True
    # Calls and bad calls that tell what is usual instead of the strata, by cell and signal.
    past: Mapping[tuple[int, str], tuple[float, float]] | None = None


def all_of(calls: Calls) -> Iterator[Family]:
    """Return every family of cells."""
    everything = np.zeros(len(calls), dtype=np.int64)
    whole_is_prompt = len(calls.prompts) == 1
    named = [Region(prompt_name=name) for name in calls.prompts]
    yield from _groups(calls)
    yield _narrowed(calls, "prompt version", calls.version, calls.version > 0)
    yield _narrowed(calls, "retrieval", calls.retrieval, calls.retrieval > 0)
    # Calls without a prompt are no part of the traffic that a scope can name, unless there are no others.
    prompt = np.where(
        np.array([bool(name) or whole_is_prompt for name in calls.prompts])[calls.prompt], calls.prompt, -1
    )
    prompts: list[tuple[Region, Part | None]] = [(region, None) for region in named]
    yield Family(prompt, everything, prompts, _UNLIKE)
    yield Family(prompt, everything, prompts, past=calls.past_of_prompt)
    models: list[tuple[Region, Part | None]] = [(Region(model=name), None) for name in calls.models]
    model = np.where(np.array([bool(name) for name in calls.models])[calls.model], calls.model, -1)
    yield Family(model, calls.prompt, models, _UNLIKE, is_within=False)
    yield _models_before(calls, model, models)
    yield _pairs(calls, (prompt >= 0) & (model >= 0))
    environments: list[tuple[Region, Part | None]] = [(Region(environment=name), None) for name in calls.environments]
    environment = np.where(
        np.array([bool(name) for name in calls.environments])[calls.environment], calls.environment, -1
    )
    yield Family(environment, calls.prompt, environments, _UNLIKE, is_within=False)
    yield from _times_of_day(calls, model)


def _groups(calls: Calls) -> Iterator[Family]:
    """Groups of questions by prompt, and by version of the prompt as well."""
    is_in = calls.cluster > 0
    keys, cell = _cells([calls.cluster, calls.prompt], is_in)
    regions: list[tuple[Region, Part | None]] = [
        (Region(int(cluster), calls.prompts[prompt]), None) for cluster, prompt in keys
    ]
    yield Family(cell, calls.prompt, regions)
    keys, cell = _cells([calls.cluster, calls.prompt, calls.version], is_in & (calls.version > 0))
    regions = [
        (Region(int(cluster), calls.prompts[prompt]), Part("prompt version", str(version)))
        for cluster, prompt, version in keys
    ]
    yield Family(cell, calls.prompt, regions)


def _narrowed(calls: Calls, dimension: str, values: Ints, is_in: NDArray[np.bool_]) -> Family:
    """Prompts by another column."""
    keys, cell = _cells([calls.prompt, values], is_in)

    def words(value: int) -> str:
        return f"{calls.retrievers[value - 1]} found nothing" if dimension == "retrieval" else str(value)

    regions: list[tuple[Region, Part | None]] = [
        (Region(prompt_name=calls.prompts[prompt]), Part(dimension, words(int(value)))) for prompt, value in keys
    ]
    return Family(cell, calls.prompt, regions)


def _pairs(calls: Calls, is_in: NDArray[np.bool_]) -> Family:
    """Prompts by model."""
    keys, cell = _cells([calls.prompt, calls.model], is_in)
    regions: list[tuple[Region, Part | None]] = [
        (Region(prompt_name=calls.prompts[prompt], model=calls.models[model]), None) for prompt, model in keys
    ]
    return Family(cell, calls.prompt, regions)


def _models_before(calls: Calls, model: Ints, regions: Sequence[tuple[Region, Part | None]]) -> Family:
    """Models beside what they were before with the same prompts: one that serves another prompt since does other things."""
    pairs = sorted({(prompt, number) for prompt, number, _ in calls.past_of_model})
    is_known = np.zeros((len(calls.prompts), len(calls.models)), dtype=bool)
    is_known[[prompt for prompt, _ in pairs], [number for _, number in pairs]] = True
    cell = np.where((model >= 0) & is_known[calls.prompt, calls.model], model, -1)
    now = np.zeros(is_known.shape, dtype=np.int64)
    np.add.at(now, (calls.prompt[cell >= 0], cell[cell >= 0]), 1)
    past: dict[tuple[int, str], tuple[float, float]] = {}
    for (prompt, number, signal), (count, bad) in calls.past_of_model.items():
        total, rate = past.get((number, signal), (0.0, 0.0))
        share = now[prompt, number] / max(1, now[:, number].sum())
        past[number, signal] = (total + count, rate + share * bad / count)
    counted = {key: (total, total * rate) for key, (total, rate) in past.items()}
    return Family(cell, np.zeros(len(calls), dtype=np.int64), regions, past=counted)


def _times_of_day(calls: Calls, model: Ints) -> Iterator[Family]:
    for length in _LENGTHS:
        for begin in range(length):
            number = (calls.hour - begin) % _HOURS // length
            count = -(-_HOURS // length)
            cell = np.where(model >= 0, model * count + number, -1)
            regions: list[tuple[Region, Part | None]] = [
                (Region(model=name), Part("hour of day", time_of_day(begin + place * length, length)))
                for name in calls.models for place in range(count)
            ]  # fmt: skip
            yield Family(cell, np.maximum(model, 0), regions, signals=_BY_HOUR)


def time_of_day(begin: int, length: int) -> str:
    """Return hours of the day (UTC) in words."""
    return f"{begin % _HOURS:02d}:00–{(begin + length) % _HOURS:02d}:00"


def _cells(columns: Sequence[Ints], is_in: NDArray[np.bool_]) -> tuple[Sequence[tuple[int, ...]], Ints]:
    """Return the combinations of values that occur, and of each call the number of its own; -1 for those left out."""
    code = np.zeros(len(is_in), dtype=np.int64)
    values = []
    for column in columns:
        found, place = np.unique(column, return_inverse=True)
        values.append(found)
        code = code * len(found) + place
    used, inner = np.unique(code[is_in], return_inverse=True)
    cell = np.full(len(is_in), -1, dtype=np.int64)
    cell[is_in] = inner
    keys = []
    rest = used
    for found in reversed(values):
        keys.append(found[rest % len(found)])
        rest = rest // len(found)
    return list(zip(*(key.tolist() for key in reversed(keys)), strict=True)), cell
