"""Calls of both arms of a rollout that asked the same, or nearly: what each version answered can be read side by side."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from monitoring import input_texts
from monitoring.analysis.models import CallAnalysis
from monitoring.kinds import Arm, Kind, Status
from monitoring.models import Span, Trace
from projects.models import Project

_NEWEST, _MOST_DISLIKED, _MOST_PAIRS, _CHOICES = 200, 30, 20, 8
# Of calls that nobody looked at yet the whole question is read.
_MOST_READ = 60
# Below this two questions have hardly more in common than their language.
_LIKE_BY_MEANING, _LIKE_BY_WORDS = 0.6, 0.4
_NO_WORD = re.compile(r"[\W_]+")

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What somebody asked in one call; the vector says what it means, where that was worked out."""

    trace_id: UUID
    at: datetime
    text: str
    is_disliked: bool = False
    vector: Vector | None = None
    # Vectors of different versions lie in different spaces.
    space: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two calls, one of each arm, that are as much alike as `likeness` says (1: the same words)."""

    control: UUID
    candidate: UUID
    likeness: float
    is_control_disliked: bool
    is_candidate_disliked: bool

    @property
    def is_same(self) -> bool:
        return self.likeness >= 1.0

    @property
    def is_disliked(self) -> bool:
        return self.is_control_disliked or self.is_candidate_disliked


def of(*, project: Project, rollout_id: UUID) -> list[Pair]:
    """Return pairs of the newest calls and of those that people disliked; pairs with a disliked answer come first."""
    control, candidate = (_asked(project, rollout_id, arm) for arm in (Arm.CONTROL, Arm.CANDIDATE))
    return match(control, candidate)


def match(control: Sequence[Asked], candidate: Sequence[Asked], *, most: int = _MOST_PAIRS) -> list[Pair]:
    """Return the pairs that are most alike; no call stands in two of them."""
    alike = _likeness(control, candidate)
    if not alike.size:
        return []
    # The nearest may be taken by a pair that comes first, so each has some more to choose from.
    places = {(row, int(column)) for row in range(len(candidate)) for column in _nearest(alike[row])}
    disliked = [column for column, one in enumerate(control) if one.is_disliked]
    places |= {(int(row), column) for column in disliked for row in _nearest(alike[:, column])}

    def order(place: tuple[int, int]) -> tuple[bool, float, int, int]:
        is_disliked = candidate[place[0]].is_disliked or control[place[1]].is_disliked
        return not is_disliked, -float(alike[place]), *place

    pairs, used = [], set[UUID]()
    for row, column in sorted(places, key=order):
        new, old = candidate[row], control[column]
        if alike[row, column] <= 0 or {new.trace_id, old.trace_id} & used:
            continue
        used |= {new.trace_id, old.trace_id}
        likeness = float(min(1.0, alike[row, column]))
        pairs.append(Pair(old.trace_id, new.trace_id, likeness, old.is_disliked, new.is_disliked))
    return pairs[:most]


def _nearest(alike: Vector) -> NDArray[np.intp]:
    """Return the places of the highest values, of equal ones the first."""
    return np.argsort(-alike, kind="stable")[:_CHOICES]


def _likeness(control: Sequence[Asked], candidate: Sequence[Asked]) -> Vector:
    """Return how much each question of the candidate is like each of the control; 0 where it is not like it at all."""
    found = np.zeros((len(candidate), len(control)), dtype=np.float32)
    words = [[_words(one.text) for one in side] for side in (candidate, control)]
    sets = [[set(text.split()) for text in side] for side in words]
    by_meaning = _meanings(control, candidate)
    for row, new in enumerate(candidate):
        for column, old in enumerate(control):
            if words[0][row] == words[1][column]:
                found[row, column] = 1.0 if words[0][row] else 0.0
            elif new.vector is not None and old.vector is not None and new.space == old.space:
                near = min(by_meaning[row, column], 0.999)
                found[row, column] = near if near >= _LIKE_BY_MEANING else 0.0
            else:
                found[row, column] = _share(sets[0][row], sets[1][column])
    return found


def _meanings(control: Sequence[Asked], candidate: Sequence[Asked]) -> Vector:
    """Return the cosines of all vectors; without a vector, and between spaces, they mean nothing."""
    size = max((one.vector.shape[0] for one in (*control, *candidate) if one.vector is not None), default=1)
    sides = [np.zeros((len(side), size), dtype=np.float32) for side in (candidate, control)]
    for matrix, side in zip(sides, (candidate, control), strict=True):
        for row, one in enumerate(side):
            if one.vector is not None:
                matrix[row, : one.vector.shape[0]] = one.vector
    cosines: Vector = sides[0] @ sides[1].T
    return cosines


def _share(some: set[str], others: set[str]) -> float:
    together = len(some | others)
    share = len(some & others) / together if together else 0.0
    return share if share >= _LIKE_BY_WORDS else 0.0


def _words(text: str) -> str:
    """Return a question so that two that differ in nothing but case, signs and spaces are the same."""
    return _NO_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _asked(project: Project, rollout_id: UUID, arm: Arm) -> list[Asked]:
    calls = Span.objects.filter(
        project_id=project.pk, rollout_id=rollout_id, arm=arm, kind=Kind.LLM
    ).exclude(status=Status.ERROR).order_by("-sort_at").values_list("trace_id", "span_id", "sort_at")  # fmt: skip
    traces = Trace.objects.for_project(project).filter(rollout_id=rollout_id, arm=arm, thumbs_down__gt=0)
    disliked = dict(traces.newest_first().values_list("trace_id", "started_at")[:_MOST_DISLIKED])
    found: dict[UUID, tuple[int, datetime]] = {}
    for trace_id, span_id, at in [*(calls.filter(trace_id__in=list(disliked)) if disliked else ()), *calls[:_NEWEST]]:
        found.setdefault(trace_id, (span_id, at))
    known = _looked_at(project, found)
    texts = _questions(project, [trace_id for trace_id in found if trace_id not in known][:_MOST_READ], found)
    asked = []
    for trace_id, (_, at) in found.items():
        text, space, vector = known.get(trace_id) or (texts.get(trace_id, ""), "", None)
        if text:
            asked.append(Asked(trace_id, at, text, trace_id in disliked, vector, space))
    return asked


def _looked_at(
    project: Project, calls: dict[UUID, tuple[int, datetime]]
) -> dict[UUID, tuple[str, str, Vector | None]]:  # fmt: skip
    """Return what the analysis knows of these calls: the question, and its vector with its version."""
    rows = CallAnalysis.objects.for_project(project).filter(trace_id__in=list(calls)).exclude(text="")
    return {
        trace_id: (text, space, None if vector is None else np.asarray(vector, dtype=np.float32))
        for trace_id, span_id, text, space, vector in rows.values_list(
            "trace_id", "span_id", "text", "embedding_version", "embedding"
        )
        if calls[trace_id][0] == span_id
    }


def _questions(
    project: Project, trace_ids: Iterable[UUID], calls: dict[UUID, tuple[int, datetime]]
) -> dict[UUID, str]:  # fmt: skip
    wanted = list(trace_ids)
    if not wanted:
        return {}
    days = [calls[trace_id][1] for trace_id in wanted]
    spans = Span.objects.filter(
        project_id=project.pk, trace_id__in=wanted, kind=Kind.LLM,
        start_day__range=((min(days) - timedelta(days=1)).date(), (max(days) + timedelta(days=1)).date()),
    ).defer("output", "events", "metadata")  # fmt: skip
    return {
        span.trace_id: "\n".join(input_texts.of_call(span)) for span in spans if span.span_id == calls[span.trace_id][0]
    }
