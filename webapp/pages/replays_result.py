"""What a replay means for the traffic, as the page of its test shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.experiments.comparison_values import Comparison
from evals.experiments.models import ExperimentState
from evals.experiments.plans import is_replay
from evals.replays import queries, words
from evals.replays.queries import Problem, Replay
from evals.replays.results import Effect
from evals.statistics.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class EffectView:
    """One effect: the shares then and now, the difference in words, and its colour."""

    then: str
    now: str
    word: str
    span: str
    kind: str
    is_small: bool


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem in all calls."""

    title: str
    sentence: str
    effect: EffectView | None
    unjudged: int


@dataclass(frozen=True, slots=True)
class TopicView:
    """One topic, with what became of each problem in it."""

    name: str
    calls: float
    items: int
    is_small: bool
    effects: Sequence[EffectView | None]


_KINDS = {Verdict.BETTER: "good", Verdict.WORSE: "bad"}


def context_of(comparison: Comparison) -> dict[str, Any]:
    """Return what `replays/result.html` shows; nothing for a test that is no replay."""
    experiment = comparison.experiment
    if not is_replay(experiment.variants):
        return {"is_replay": False}
    if not (experiment.is_over or experiment.state == ExperimentState.PAUSED):
        # Numbers that change while one looks at them tempt to decide too early.
        return {"is_replay": True, "replay": None}
    found, title = queries.result(comparison), comparison.columns[1].variant.title
    return {
        "is_replay": True,
        "replay": found,
        "replay_title": title,
        "replay_words": words.verdict(found, title),
        "replay_kind": _kind(found),
        "replay_problems": [_problem(one, found.calls, title) for one in found.problems],
        "replay_topics": [
            TopicView(
                line.name, line.found.calls, line.found.items, line.found.is_small,
                [_effect(effect) for effect in line.found.effects],
            )
            for line in found.topics
        ],
        "replay_comparisons": len(found.topics) * len(found.seen),
    }  # fmt: skip


def _kind(found: Replay) -> str:
    if found.better and found.worse:
        return "warn"
    return "good" if found.better else "bad" if found.worse else ""


def _problem(one: Problem, calls: float, title: str) -> ProblemView:
    return ProblemView(one.title, words.sentence(one, calls, title), _effect(one.effect), one.unjudged)


def _effect(effect: Effect | None) -> EffectView | None:
    if effect is None:
        return None
    return EffectView(
        words.percent(effect.then), words.percent(effect.now), words.word(effect),
        "" if effect.is_absent else words.span(effect.fewer.interval),
        _KINDS.get(effect.verdict, ""), effect.is_small,
    )  # fmt: skip
