"""What the page of a replay shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.evaluators import problem_checks
from evals.evaluators.models import EvaluatorVersion
from evals.experiments.comparison_values import Check, Comparison
from evals.models import DatasetItem
from evals.replays import results
from evals.replays.items import STANDS_FOR, TOPIC, TOPIC_ID
from evals.replays.results import Effect, Pair, Topic
from evals.statistics.verdicts import Verdict

_AS_ANSWERED, _NEW = 0, 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One check of a replay: what it finds, what a call got that does not pass it, and how often that happens then and now."""

    check: Check
    title: str
    words: str
    effect: Effect | None
    # Items that were not judged on both sides.
    unjudged: int

    @property
    def is_seen(self) -> bool:
        """Whether any answer had it, then or now."""
        return self.effect is not None and not self.effect.is_absent


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A topic with its name, and the effect by each check."""

    name: str
    found: Topic


@dataclass(frozen=True, slots=True)
class Replay:
    """The result of a replay: in all, and topic by topic."""

    calls: float
    items: int
    problems: Sequence[Problem]
    topics: Sequence[TopicLine]
    unshown_topics: int

    @property
    def better(self) -> list[Problem]:
        return [one for one in self.problems if one.effect and one.effect.verdict == Verdict.BETTER]

    @property
    def worse(self) -> list[Problem]:
        return [one for one in self.problems if one.effect and one.effect.verdict == Verdict.WORSE]

    @property
    def judged(self) -> list[Problem]:
        """Those by which anything was judged."""
        return [one for one in self.problems if one.effect]

    @property
    def seen(self) -> list[Problem]:
        """Those that any answer had: the columns of the topics."""
        return [one for one in self.problems if one.is_seen]


@dataclass(frozen=True, slots=True)
class _Note:
    stands_for: float
    topic: int
    name: str


def result(comparison: Comparison) -> Replay:
    """Return what a comparison of recorded answers with new ones says about the traffic."""
    notes = _notes(comparison)
    checks = [check for check in comparison.checks if not check.is_duel]
    versions = EvaluatorVersion.objects.in_bulk([check.version_id for check in checks])
    pairs = [_pairs(comparison, check, notes) for check in checks]
    effects = results.overall(pairs)
    problems = [
        Problem(check, *_named(check, versions[check.version_id]), effect, len(notes) - len(some))
        for check, effect, some in zip(checks, effects, pairs, strict=True)
    ]
    names = {one.topic: one.name for one in notes}
    counted = {
        topic: (sum(one.stands_for for one in notes if one.topic == topic), sum(one.topic == topic for one in notes))
        for topic in names
    }
    # What no answer had is no column of a table.
    seen = [some for some, one in zip(pairs, problems, strict=True) if one.is_seen]
    topics = results.by_topic(seen, counted) if len(counted) > 1 and seen else []
    lines = [TopicLine(names[one.topic], one) for one in topics]
    return Replay(
        sum(one.stands_for for one in notes),
        len(notes),
        problems,
        lines,
        max(0, len(counted) - len(topics)) if topics else 0,
    )


def _named(check: Check, version: EvaluatorVersion) -> tuple[str, str]:
    known = problem_checks.like(version)
    if known is None:
        return f"Does not pass «{check.name}»", f"an answer that does not pass «{check.name}»"
    return known.title, known.problem


def _notes(comparison: Comparison) -> list[_Note]:
    ids = comparison.table.item_ids.tolist()
    metadata = dict(DatasetItem.objects.filter(pk__in=ids).values_list("pk", "metadata"))
    return [_note(metadata.get(pk) or {}) for pk in ids]


def _note(metadata: dict[str, object]) -> _Note:
    """Return what an item notes; somebody may have changed it, and then it stands for itself."""
    stands_for, topic, name = metadata.get(STANDS_FOR), metadata.get(TOPIC_ID), metadata.get(TOPIC)
    is_number = isinstance(stands_for, int | float) and not isinstance(stands_for, bool) and stands_for > 0
    return _Note(
        float(stands_for) if is_number and isinstance(stands_for, int | float) else 1.0,
        topic if isinstance(topic, int) else 0, name if isinstance(name, str) else "",
    )  # fmt: skip


def _pairs(comparison: Comparison, check: Check, notes: Sequence[_Note]) -> list[Pair]:
    then, now = (comparison.table.passes(column, check.version_id).tolist() for column in (_AS_ANSWERED, _NEW))
    return [
        Pair(note.stands_for, note.topic, before < 0.5, after < 0.5)
        for note, before, after in zip(notes, then, now, strict=True)
        if before == before and after == after
    ]
