"""Divides free places among the experiments that run: equally between projects, then between those of one project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contender:
    """An experiment that has something to do, and how many of its cells are worked on already."""

    experiment_id: int
    project_id: int
    busy: int
    waiting: int


def divide(free: int, contenders: Iterable[Contender]) -> dict[int, int]:
    """Return how many places each experiment gets: one by one to the project, and in it to the experiment, with the fewest."""
    known = list(contenders)
    given: Counter[int] = Counter()
    of_project: Counter[int] = Counter()
    for one in known:
        of_project[one.project_id] += one.busy
    for _ in range(free):
        hungry = [one for one in known if given[one.experiment_id] < one.waiting]
        if not hungry:
            break
        least = min(
            hungry,
            key=lambda one: (of_project[one.project_id], one.busy + given[one.experiment_id], one.experiment_id),
        )
        given[least.experiment_id] += 1
        of_project[least.project_id] += 1
    return dict(given)
