"""`callboard bench detectors`: how good the shipped detectors are on labelled files, and how long they take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import figures
from benchmarks.detectors import measures, planted, rows, training
from benchmarks.detectors.rows import Collection, Example
from benchmarks.detectors.training import Lesson
from benchmarks.figures import Figures
from monitoring.detectors import groundedness, injection, models, refusal, toxicity
from monitoring.detectors.findings import Finding
from monitoring.detectors.injection import Channel

_SCORE: dict[str, Callable[[Example], Finding]] = {
    "refusal": lambda example: refusal.score(
        example.text("output"), finish_reason=example.text("finish_reason"), refusal=example.text("provider_refusal")
    ),
    "groundedness": lambda example: groundedness.check(
        example.text("output"), example.text("context"), question=example.text("input")
    ),
    "injection_user": lambda example: injection.score(example.text("text"), Channel.USER),
    "injection_document": lambda example: injection.score(example.text("text"), Channel.DOCUMENT),
    "toxicity": lambda example: toxicity.score(example.text("text")),
}
_FIGURES = ("auroc", "auroc_against_others", "f1", "balanced_accuracy", "recall_at_5_percent_false_alarms")


@dataclass(frozen=True)
class Options:
    """Which labelled files to measure with; whether to write new weights from them; whether to teach anew without each part."""

    data: tuple[Path, ...] = ()
    is_training: bool = False
    is_cross_validated: bool = True


def run(options: Options) -> Figures:
    """Measure the shipped weights on the files, and weights taught without each group and without each source."""
    machine = figures.machine()
    collections = rows.read(options.data)
    lessons = training.lessons(collections)
    if options.is_training:
        for lesson in lessons:
            training.train(lesson)
        models.load.cache_clear()
    shipped = {name: _shipped(name, examples) for name, examples in _parts(collections).items()}
    taught = {lesson.learner.name: _taught(lesson) for lesson in lessons} if options.is_cross_validated else {}
    return {
        "files": [path.name for path in options.data],
        **{name: {**part, **taught.get(name, {})} for name, part in shipped.items()},
        "latency": planted.latency_figures(planted.read(options.data)), "machine": machine,
    }  # fmt: skip


def _parts(collections: Sequence[Collection]) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for collection in collections:
        for example in collection.examples:
            name = collection.detector
            if name == "injection":
                name = f"injection_{'document' if example.fields.get('channel') == 'document' else 'user'}"
            found.setdefault(name, []).append(example)
    return found


def _shipped(name: str, examples: Sequence[Example]) -> Figures:
    score, threshold = _SCORE[name], models.load(name).threshold
    score(examples[0])
    started = time.thread_time()
    probabilities = [score(example).probability for example in examples]
    seconds = time.thread_time() - started
    return {
        "texts": len(examples), "ms_per_text": round(seconds / len(examples) * 1000, 3), "threshold": threshold,
        "shipped": _summary(examples, probabilities, threshold),
    }  # fmt: skip


def _compare_with_others(sources: Figures, examples: Sequence[Example], probabilities: Sequence[float]) -> None:
    """Rank a source that holds texts of one kind alone against the other kind of all sources, so that it can be judged too."""
    rows = list(zip(examples, probabilities, strict=True))
    for name, part in sources.items():
        inside = {example.label for example, _ in rows if name in (example.source, example.part)} - {None}
        if len(inside) == 1:
            kept = [(int(example.label or 0), value) for example, value in rows if example.label is not None
                    and (example.label not in inside or name in (example.source, example.part))]  # fmt: skip
            part["auroc_against_others"] = measures.auroc(*map(list, zip(*kept, strict=True)))


def _taught(lesson: Lesson) -> Figures:
    threshold = models.load(lesson.learner.name).threshold
    # Our own sentences teach, but prove nothing.
    places = [place for place, example in enumerate(lesson.examples) if example.source != "handwritten"]
    examples = [lesson.examples[place] for place in places]
    found: Figures = {"without_each_group": _summary(examples, _at(places, lesson.out_of_fold()), threshold)}
    if len({example.source for example in examples}) > 1:
        found["without_each_source"] = _summary(examples, _at(places, lesson.out_of_source()), threshold)
    return found


def _at(places: Sequence[int], values: Sequence[float]) -> list[float]:
    return [values[place] for place in places]


def _summary(examples: Sequence[Example], probabilities: Sequence[float], threshold: float) -> Figures:
    sources = training.by_source(examples, probabilities, threshold)
    known = [place for place, example in enumerate(examples) if example.label is not None]
    _compare_with_others(sources, examples, probabilities)
    whole = [part for name, part in sources.items() if "/" not in name]
    return {
        "sources": sources, "macro": {name: measures.macro(whole, name) for name in _FIGURES},
        "pooled": measures.quality(
            [int(examples[place].label or 0) for place in known], [probabilities[place] for place in known], threshold
        ),
    }  # fmt: skip
