"""The result of a test in one word, for lists and for the page before a publish."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evals.experiments import comparisons
from evals.experiments.comparison_values import Comparison
from evals.experiments.models import Experiment, ExperimentState
from evals.experiments.plans import is_replay
from evals.replays import queries, words
from evals.statistics.verdicts import Verdict

BETTER, WORSE, MIXED, SAME, UNKNOWN = "Better", "Worse", "Mixed", "No difference", "Not enough data"
_BEST_FIRST = (BETTER, MIXED, SAME, WORSE, UNKNOWN)
_KINDS = {BETTER: "good", WORSE: "bad", MIXED: "warn", SAME: "", UNKNOWN: ""}
# A list may not wait for the statistics of many large tests; the rest says its word when it is asked for again.
_PATIENCE_SECONDS = 0.8


@dataclass(frozen=True, slots=True)
class ListVerdict:
    """One word, the colour that it is shown in, and the sentence behind it."""

    word: str
    sentence: str = ""

    @property
    def kind(self) -> str:
        return _KINDS[self.word]


def of_many(experiments: Iterable[Experiment]) -> dict[int, ListVerdict]:
    """Return the results of the tests that ended and compared something, by their ids."""
    until = time.monotonic() + _PATIENCE_SECONDS
    found = {}
    for experiment in experiments:
        if experiment.state == ExperimentState.DONE and len(experiment.variants) > 1 and time.monotonic() < until:
            found[experiment.pk] = best_of(experiment)
    return found


def best_of(experiment: Experiment) -> ListVerdict:
    """Return how the column that did best did against column A."""
    verdicts = _known(experiment.pk, str(experiment.ended_at), 0)[1:]
    return min(verdicts, key=lambda verdict: _BEST_FIRST.index(verdict.word))


def of_column(experiment: Experiment, *, against: int, column: int) -> ListVerdict:
    """Return how a column did against another one."""
    return _known(experiment.pk, str(experiment.ended_at), against)[column]


def combined(verdicts: Sequence[Verdict]) -> str:
    """Return one word for what several checks found."""
    found = set(verdicts)
    if {Verdict.BETTER, Verdict.WORSE} <= found:
        return MIXED
    if Verdict.WORSE in found:
        return WORSE
    if Verdict.BETTER in found:
        return BETTER
    return SAME if found == {Verdict.SAME} else UNKNOWN


@lru_cache(maxsize=1_000)
def _known(experiment_id: int, ended_at: str, against: int) -> list[ListVerdict]:
    """What ended does not change; when failed answers are tried again, it ends at another moment."""
    experiment = Experiment.objects.select_related("project", "dataset").get(pk=experiment_id)
    comparison = comparisons.compare(experiment=experiment, against=against)
    if is_replay(experiment.variants):
        # What counts of a replay is the traffic, and in that its items do not count alike.
        return [ListVerdict(UNKNOWN), _of_replay(comparison)]
    columns = comparison.columns
    return [ListVerdict(combined([one.verdict for one in column.results]), column.words) for column in columns]


def _of_replay(comparison: Comparison) -> ListVerdict:
    found = queries.result(comparison)
    verdicts = [one.effect.verdict for one in found.judged if one.effect]
    return ListVerdict(combined(verdicts), words.verdict(found, comparison.columns[1].variant.title))
