"""Finds the experiment that compared two texts of a prompt, word for word as they would be published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from evals.experiments.models import Experiment, ExperimentState
from evals.experiments.plans import Sampling, Variant
from prompt_registry.models import Prompt

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Match:
    """An experiment that ended, and its columns with the two texts."""

    experiment: Experiment
    before: int
    after: int


def find(*, prompt: Prompt, before: str, after: str) -> Match | None:
    """Return the newest experiment that ended and had texts with both of these content hashes, asked as they are live."""
    return next((match for match in _matches(prompt, before, after)), None)


def was_ever_tested(prompt: Prompt) -> bool:
    return Experiment.objects.filter(prompt=prompt).exists()


def _matches(prompt: Prompt, before: str, after: str) -> Iterator[Match]:
    ended = Experiment.objects.filter(prompt=prompt, state=ExperimentState.DONE).select_related("project")
    for experiment in ended.newest_first()[:_LOOKED_AT]:
        variants = [Variant.from_json(raw) for raw in experiment.variants]
        places = (_places(variants, wanted) for wanted in (before, after))
        for first, second in product(*places):
            if _differ_by_text_alone(variants[first], variants[second]):
                yield Match(experiment, first, second)
                break


def _places(variants: Sequence[Variant], wanted: str) -> list[int]:
    """Return the columns with this text, asked the way an application asks: once, and the model that the text names."""
    return [
        place
        for place, variant in enumerate(variants)
        if variant.sampling == Sampling.ONCE
        and not variant.is_recorded
        and (content := variant.prompt_content).hash == wanted
        and content.settings.model in ("", variant.model)
    ]


def _differ_by_text_alone(before: Variant, after: Variant) -> bool:
    """A difference of models counts only where both texts name theirs, so that it goes live with them."""
    name_theirs = all(variant.prompt_content.settings.model for variant in (before, after))
    return name_theirs or before.model == after.model
