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


@dataclass(frozen=True, slots=True)
class Learner:
    """One set of weights: `signs` is what a model sees of an example, `sort` what must weigh the same in total."""

    name: str
    detector: str
    signs: Callable[[Example], Row]
    is_for: Callable[[Example], bool]
    sort: Callable[[Example], object]
    strength: float
    # A sign that stands in fewer groups of examples is not learnt.
    groups_of_sign: int
    threshold: float
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
        "refusal", "refusal", lambda example: refusal.signs(example.text("output")).features, lambda _: True,
        lambda example: (example.source, example.label), 2.0, 6, 0.5,
    ),
    Learner(
        "groundedness", "groundedness",
        lambda example: groundedness.signs(example.text("output"), example.text("context"), question=example.text("input")),
        lambda _: True, lambda example: (example.part or example.source, example.label), 2.0, 10, 0.5, figure="balanced_accuracy",
        is_rising=True, falling=frozenset({"in other words"}),
    ),
    Learner(
        "injection_user", "injection", lambda example: injection.signs(example.text("text"), Channel.USER).features,
        lambda example: example.fields.get("channel") == "user", lambda example: example.label, 2.0, 5, 0.5, 5, is_by_source=False,
        is_rising=True, falling=frozenset({"ABOUT"}),
    ),
    Learner(
        "injection_document", "injection", lambda example: injection.signs(example.text("text"), Channel.DOCUMENT).features,
        lambda example: example.fields.get("channel") == "document", lambda example: example.label, 1.0, 5, 0.5, 4, is_by_source=False,
        is_rising=True, falling=frozenset({"ABOUT", "sentences", "courteous command"}),
    ),
    Learner(
        "toxicity", "toxicity", lambda example: toxicity.signs(example.text("text")).features, lambda _: True,
        lambda example: example.label, 3.0, 5, 0.5, 5,
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
        [*seen, *bare], labels * 2, weights=weights * 2, names=names, strength=2 * learner.strength, threshold=learner.threshold,
        is_rising=learner.is_rising, falling=learner.falling,
    )  # fmt: skip
