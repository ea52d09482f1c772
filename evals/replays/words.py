"""What a replay found, in the words of somebody who answers for the prompt."""

from __future__ import annotations

from evals.replays.queries import Problem, Replay
from evals.replays.results import Effect
from evals.statistics.intervals import Interval
from evals.statistics.verdicts import Verdict


def verdict(replay: Replay, title: str) -> str:
    """Return what the new text would change, as one sentence or two."""
    better, worse = (_titles(some) for some in (replay.better, replay.worse))
    if better and worse:
        return f"Both ways: with {title} these become rarer: {better}. These become more frequent: {worse}."
    if better:
        return f"Better: with {title} fewer calls would have had a problem ({better})."
    if worse:
        return f"Worse: with {title} more calls would have had a problem ({worse})."
    if not replay.judged:
        return "Nothing could be judged, so there is nothing to say about the traffic."
    if all(one.effect and one.effect.verdict == Verdict.SAME for one in replay.judged):
        return f"No difference that matters: with {title} every problem stays as frequent, give or take 3 points."
    return f"No clear difference: with {title} the calls may go a little better or worse. More calls would tell."


def sentence(problem: Problem, calls: float, title: str) -> str:
    """Return how many calls had the problem, how many would, and how sure that is."""
    effect = problem.effect
    if effect is None:
        return "None of the calls could be judged by this on both sides."
    if effect.is_absent:
        reach_of_more = _points(max(0.0, -effect.fewer.interval.low))
        return f"No question got {problem.words}, neither then nor with {title}: at most {reach_of_more} points more would."
    return (
        f"Of {calls:,.0f} calls about {percent(effect.then)} got {problem.words}; with {title} about "
        f"{percent(effect.now)} would: {reach(effect)}."
    )


def reach(effect: Effect) -> str:
    """Return the interval of the difference, as points fewer or more."""
    fewer = effect.fewer.interval
    if effect.verdict == Verdict.BETTER:
        return f"between {_points(fewer.low)} and {_points(fewer.high)} points fewer"
    if effect.verdict == Verdict.WORSE:
        return f"between {_points(-fewer.high)} and {_points(-fewer.low)} points more"
    return f"{span(fewer)}{_why_unknown(effect)}"


def span(fewer: Interval) -> str:
    """Return an interval that may lie on both sides of nothing."""
    if fewer.low >= 0 or fewer.high <= 0:
        way, ends = ("fewer", (fewer.low, fewer.high)) if fewer.low >= 0 else ("more", (-fewer.high, -fewer.low))
        return f"between {_points(ends[0])} and {_points(ends[1])} points {way}"
    return f"from {_points(fewer.high)} points fewer to {_points(-fewer.low)} points more"


def word(effect: Effect) -> str:
    """Return the verdict in one word or two."""
    if effect.is_absent:
        return "none found"
    if effect.verdict == Verdict.BETTER:
        return "rarer"
    if effect.verdict == Verdict.WORSE:
        return "more frequent"
    return "the same" if effect.verdict == Verdict.SAME else "not clear"


def percent(share: float) -> str:
    """Return a share as a percentage that keeps small values visible."""
    value = share * 100
    return f"{value:.0f}%" if value == 0 or value >= 9.95 else f"{value:.1f}%"


def _why_unknown(effect: Effect) -> str:
    if effect.verdict == Verdict.SAME:
        return ", which is no difference that matters"
    if effect.finding.is_maybe_chance:
        return "; among so many comparisons one like this turns up by chance"
    return ", so nobody can tell yet"


def _titles(problems: list[Problem]) -> str:
    return ", ".join(one.title[:1].lower() + one.title[1:] for one in problems)


def _points(share: float) -> str:
    value = abs(share) * 100
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
