"""Finds the experiment that compared two texts of a prompt, word for word as they would be published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evals.experiments.models import Experiment, ExperimentState
from evals.experiments.plans import Variant
from prompt_registry.models import Prompt

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Match:
    """An experiment that ended, and its columns with the two texts."""

    experiment: Experiment
    before: int
    after: int


def find(*, prompt: Prompt, before: str, after: str) -> Match | None:
    """Return the newest experiment that ended and had texts with both of these content hashes."""
    return next((match for match in _matches(prompt, before, after)), None)


def was_ever_tested(prompt: Prompt) -> bool:
    return Experiment.objects.filter(prompt=prompt).exists()


def _matches(prompt: Prompt, before: str, after: str) -> Iterator[Match]:
    ended = Experiment.objects.filter(prompt=prompt, state=ExperimentState.DONE).select_related("project")
    for experiment in ended.newest_first()[:_LOOKED_AT]:
        hashes = [Variant.from_json(raw).prompt_content.hash for raw in experiment.variants]
        if before in hashes and after in hashes:
            yield Match(experiment, hashes.index(before), hashes.index(after))
