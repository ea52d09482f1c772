"""How each detector that has weights is taught: what it sees of an example, which examples it may learn from, and how hard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.detectors import fitting
from benchmarks.detectors.fitting import Row
from benchmarks.detectors.rows import Example
from monitoring.detectors import groundedness, injection, refusal, toxicity
from monitoring.detectors.injection import Channel
from monitoring.detectors.models import LinearModel

# Answers of these models may be measured with, but their terms speak of what may be made from them.
_ONLY_MEASURED = ("OpenAI terms", "Llama 2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """One set of weights: `signs` is what a model sees of an example, `sort` what must weigh the same in total."""

    name: str
    detector: str
    signs: Callable[[Example], Row]
    strength: float
    # A sign that stands in fewer groups of examples is not learnt.
    groups_of_sign: int
    is_for: Callable[[Example], bool] = lambda _: True
    sort: Callable[[Example], object] = lambda example: example.label
    # How much a sentence that was written for this project counts against one of a collection.
    own_weight: float = 1
    # The figure that decides where the threshold lies, as the mean over sources that hold both kinds, or over all texts.
    figure: str = "f1"
    is_by_source: bool = True
    # Whether signs can only speak against a text, but for some that can only speak for it.
    is_rising: bool = False
    falling: frozenset[str] = frozenset()


LEARNERS = (
    Learner(
        name="refusal", detector="refusal", signs=lambda example: refusal.signs(example.text("output")).features,
        sort=lambda example: (example.source, example.label), strength=3, groups_of_sign=6,
    ),
    Learner(
        name="groundedness", detector="groundedness", strength=2, groups_of_sign=10, own_weight=0.4,
        figure="balanced_accuracy",
        signs=lambda example: groundedness.signs(example.text("output"), example.text("context"), question=example.text("input")),
        sort=lambda example: (example.part or example.source, example.label),
        is_rising=True, falling=frozenset({"in other words"}),
    ),
    Learner(
        name="injection_user", detector="injection", strength=2, groups_of_sign=5, own_weight=5, is_by_source=False,
        signs=lambda example: injection.signs(example.text("text"), Channel.USER).features,
        is_for=lambda example: example.fields.get("channel") == "user", is_rising=True, falling=frozenset({"ABOUT"}),
    ),
    Learner(
        name="injection_document", detector="injection", strength=1, groups_of_sign=5, own_weight=4, is_by_source=False,
        signs=lambda example: injection.signs(example.text("text"), Channel.DOCUMENT).features,
        is_for=lambda example: example.fields.get("channel") == "document",
        is_rising=True, falling=frozenset({"ABOUT", "sentences", "courteous command"}),
    ),
    Learner(
        name="toxicity", detector="toxicity", strength=6, groups_of_sign=5, own_weight=5,
        signs=lambda example: toxicity.signs(example.text("text")).features,
        is_rising=True, falling=frozenset({"DEFENDS", "DEFENDS+", "REPORTS", "REPORTS+", "length"}),
    ),
)  # fmt: skip


def may_learn_from(example: Example) -> bool:
    """Tell whether the licence of an example allows weights made from it."""
    return not any(words in example.licence for words in _ONLY_MEASURED)


def teach(learner: Learner, examples: Sequence[Example], signs: Sequence[Row]) -> LinearModel:
    """Return the weights that these examples teach; every sort of example counts the same."""
    usable = [place for place, example in enumerate(examples) if example.label is not None and may_learn_from(example)]
    chosen, seen = [examples[place] for place in usable], [signs[place] for place in usable]
    names = fitting.common(seen, [example.group for example in chosen], at_least=learner.groups_of_sign)
    labels = [int(example.label or 0) for example in chosen]
    weights = [
        weight * (learner.own_weight if example.source == "handwritten" else 1)
        for weight, example in zip(fitting.balanced([learner.sort(example) for example in chosen]), chosen, strict=True)
    ]
    # Every example once more without its words: the other signs must be worth something alone, in any language.
    bare = [{name: value for name, value in row.items() if not name.startswith("words:")} for row in seen]
    return fitting.fit(
        [*seen, *bare], labels * 2, weights=weights * 2, names=names, strength=2 * learner.strength, threshold=0.5,
        is_rising=learner.is_rising, falling=learner.falling,
    )  # fmt: skip
