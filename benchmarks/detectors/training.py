"""Teaches the detectors from labelled files and writes their weights, with what they were made from at the head of each file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detectors import fitting, measures
from benchmarks.detectors.fitting import Row
from benchmarks.detectors.learners import LEARNERS, Learner, may_learn_from, teach
from benchmarks.detectors.rows import Collection, Example, handwritten
from benchmarks.figures import Figures
from monitoring.detectors.models import LinearModel

WEIGHTS = Path("monitoring/detectors/weights")
# Weights below this change no answer and would make the file hard to read.
_LEAST_WEIGHT = 0.02
_AS_GOOD = 0.001
_THRESHOLDS = tuple(round(0.2 + 0.01 * step, 2) for step in range(66))


@dataclass(frozen=True, slots=True)
class Lesson:
    """Everything one set of weights is taught from and measured with."""

    learner: Learner
    examples: Sequence[Example]
    signs: Sequence[Row]

    def out_of_fold(self) -> list[float]:
        """Return for each example the probability by weights that saw nothing of its group."""
        return self._left_out(list(fitting.folds([example.group for example in self.examples])))

    def out_of_source(self) -> list[float]:
        """Return for each example the probability by weights that saw nothing of its source."""
        return self._left_out([example.source for example in self.examples])

    def _left_out(self, parts: Sequence[object]) -> list[float]:
        found = [0.0] * len(self.examples)
        for part in set(parts):
            inside = [place for place, other in enumerate(parts) if other != part]
            model = teach(
                self.learner, [self.examples[place] for place in inside], [self.signs[place] for place in inside]
            )
            for place, other in enumerate(parts):
                if other == part:
                    found[place] = model.probability(self.signs[place])
        return found


def lessons(collections: Sequence[Collection]) -> list[Lesson]:
    """Return what can be taught from these files, with the sentences that were written for this project."""
    found = []
    for learner in LEARNERS:
        examples = [
            example for collection in collections if collection.detector == learner.detector for example in collection.examples
        ]  # fmt: skip
        chosen = [example for example in [*examples, *handwritten(learner.detector)] if learner.is_for(example)]
        if any(learner.is_for(example) for example in examples):
            found.append(Lesson(learner, chosen, [learner.signs(example) for example in chosen]))
    return found


def train(lesson: Lesson, *, folder: Path = WEIGHTS) -> Figures:
    """Write the weights of one detector, and return the figures that stand at the head of the file."""
    probabilities = lesson.out_of_fold()
    threshold = best_threshold(lesson, probabilities)
    model = teach(lesson.learner, lesson.examples, lesson.signs)
    figures = by_source(lesson.examples, probabilities, threshold)
    taught = [example for example in lesson.examples if example.label is not None and may_learn_from(example)]
    head: Figures = {
        "made_by": "callboard bench detectors --train; the same files always give the same weights, nothing is random",
        "taught_from": [
            {"source": source, "licence": licence, "texts": count}
            for (source, licence), count in sorted(Counter((example.source, example.licence) for example in taught).items())
        ],
        "cross_validated_by_group": figures,
    }  # fmt: skip
    _write(folder / f"{lesson.learner.name}.json", head, model, threshold)
    return {"threshold": threshold, **figures}


def best_threshold(lesson: Lesson, probabilities: list[float]) -> float:
    """Return the threshold that is as good as the best for the figure of the learner, and nearest to even."""

    def worth(threshold: float) -> float:
        if lesson.learner.is_by_source:
            parts = by_source(lesson.examples, probabilities, threshold)
            whole = [part for name, part in parts.items() if "/" not in name and name != "handwritten"]
            return measures.macro(whole, lesson.learner.figure) or 0.0
        known = [place for place, example in enumerate(lesson.examples) if example.label is not None]
        labels = [int(lesson.examples[place].label or 0) for place in known]
        return float(
            measures.quality(labels, [probabilities[place] for place in known], threshold)[lesson.learner.figure]
        )

    worths = {threshold: worth(threshold) for threshold in _THRESHOLDS}
    # The peak is partly chance; the next best that is nearest to the middle holds better elsewhere.
    good = [threshold for threshold in _THRESHOLDS if worths[threshold] >= max(worths.values()) - _AS_GOOD]
    return min(good, key=lambda threshold: abs(threshold - 0.5))


def by_source(examples: Sequence[Example], probabilities: Sequence[float], threshold: float) -> Figures:
    """Return the figures of each source, and how often a text is flagged that nobody can judge."""
    found: Figures = {}
    for source in sorted({name for example in examples for name in (example.source, example.part) if name}):
        places = [place for place, example in enumerate(examples) if source in (example.source, example.part)]
        known = [place for place in places if examples[place].label is not None]
        found[source] = measures.quality(
            [int(examples[place].label or 0) for place in known], [probabilities[place] for place in known], threshold
        )
        if unknown := [place for place in places if examples[place].label is None]:
            found[source]["flagged_without_label"] = int(sum(probabilities[place] >= threshold for place in unknown))
            found[source]["without_label"] = len(unknown)
    return found


def _write(path: Path, head: Figures, model: LinearModel, threshold: float) -> None:
    weights = {name: round(value, 3) for name, value in sorted(model.weights.items()) if abs(value) >= _LEAST_WEIGHT}
    stored = {"about": head, "threshold": threshold, "bias": round(model.bias, 3), "weights": weights}
    path.write_text(json.dumps(stored, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
