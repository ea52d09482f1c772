"""Reads what a replay is made of: how many calls of each kind there were, which of them are asked again, and what they said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeAlias
from uuid import UUID

from evals import calls
from evals.calls import RecordedCall
from evals.experiments.recorded import RecordedAnswer
from evals.replays import sampling
from evals.replays.sampling import NO_TOPIC, SMALLER_TOPICS, Candidate, Stratum
from monitoring import replay_calls, trace_messages
from monitoring.analysis import running, texts
from monitoring.clusters import queries as clusters
from monitoring.models import Span
from monitoring.replay_calls import Fate, Part, Scope
from prompt_registry.models import Prompt
from prompt_registry.rollouts.models import Rollout

_Step: TypeAlias = tuple[UUID, int]
_Said: TypeAlias = tuple[RecordedCall, RecordedAnswer]

# Of each kind of calls somewhat more than its share is read: lots are even only about.
_SPARE, _SPARE_TIMES = 60, 3
_MOST_READ = 8_000
_LOTS = running.ALL
_AT_ONCE = 100
_NAMES = {NO_TOPIC: "No topic", SMALLER_TOPICS: "Smaller topics"}
# Over how long people are counted, to tell whether a topic is of too few of them.
_PEOPLE_OF = timedelta(days=7)
# Calls that nobody looked at yet have no topic; a lag below this is usual.
_USUAL_LAG = timedelta(hours=1)


@dataclass(frozen=True)
class Traffic:
    """The calls of a prompt in a period, by kind."""

    scope: Scope
    parts: Sequence[Part]
    # Later calls were not looked at yet; None when all were.
    looked_at_until: datetime | None

    @cached_property
    def sizes(self) -> dict[Stratum, int]:
        """How many calls can be asked again, by topic and by whether something was wrong."""
        return {Stratum(one.topic, one.was_wrong): one.calls for one in self.parts if one.fate == Fate.USABLE}

    @property
    def calls(self) -> int:
        return sum(self.sizes.values())

    @property
    def wrong(self) -> int:
        return sum(size for stratum, size in self.sizes.items() if stratum.was_wrong)

    @property
    def topics(self) -> int:
        return len({stratum.topic for stratum in self.sizes} - {NO_TOPIC})

    def count(self, fate: Fate) -> int:
        return sum(one.calls for one in self.parts if one.fate == fate)


@dataclass(frozen=True, slots=True)
class Sample:
    """Calls that are asked again, by kind, with the sizes of the kinds."""

    taken: Sequence[Candidate]
    sizes: Mapping[Stratum, int]


@dataclass(frozen=True, slots=True)
class ReplayCall:
    """A question that is asked again, what it was answered then, and which calls it stands for."""

    call: RecordedCall
    answer: RecordedAnswer
    stands_for: float
    stratum: Stratum


def traffic(*, prompt: Prompt, since: datetime, until: datetime) -> Traffic:
    """Return the calls of the prompt in a period; those that a running rollout served another text are left out."""
    rolling = Rollout.objects.for_project(prompt.project).active().filter(prompt=prompt)
    scope = Scope(prompt.project_id, prompt.name, since, until, tuple(rolling.values_list("pk", flat=True)))
    known = running.progress(project_id=prompt.project_id)
    is_behind = known.until_at is not None and known.until_at < until - _USUAL_LAG and known.lag_seconds > 0
    return Traffic(scope, replay_calls.counts(scope), known.until_at if is_behind else None)


def sample(found: Traffic, *, wanted: int) -> Sample:
    """Return which calls are asked again."""
    topics = sampling.gathered(found.sizes, wanted=wanted)
    sizes: dict[Stratum, int] = {}
    for stratum, size in found.sizes.items():
        kind = Stratum(topics[stratum.topic], stratum.was_wrong)
        sizes[kind] = sizes.get(kind, 0) + size
    shares = sampling.shares(sizes, wanted=wanted)
    below = [
        (stratum.topic, stratum.was_wrong, _limit(shares[kind], sizes[kind]))
        for stratum in found.sizes
        if shares[kind := Stratum(topics[stratum.topic], stratum.was_wrong)]
    ]
    low = replay_calls.lowest(found.scope, below=below, most=_MOST_READ)
    candidates = [
        Candidate(one.trace_id, one.span_id, one.lot, Stratum(topics[one.topic], one.was_wrong)) for one in low
    ]  # fmt: skip
    return Sample(sampling.draw(candidates, sizes, wanted=wanted), sizes)


def names_of(found: Traffic, prompt: Prompt, drawn: Sample) -> dict[int, str]:
    """Return the names of the topics as they may be shown: those of very few people are hidden."""
    since = found.scope.until - _PEOPLE_OF
    shown = {line.cluster_id: line.name for line in clusters.visible(prompt.project, since=since)}
    topics = {stratum.topic for stratum in drawn.sizes}
    return {topic: _NAMES.get(topic) or shown.get(topic, clusters.UNNAMED) for topic in topics}


def read(found: Traffic, drawn: Sample) -> list[ReplayCall]:
    """Return what the calls of a sample asked and answered; those without a text are left out, and others stand for them."""
    known: dict[_Step, _Said] = {}
    for start in range(0, len(drawn.taken), _AT_ONCE):
        steps = [(one.trace_id, one.span_id) for one in drawn.taken[start : start + _AT_ONCE]]
        known |= _texts(replay_calls.spans_of(found.scope, steps))
    there = [one for one in drawn.taken if (one.trace_id, one.span_id) in known]
    weights = sampling.weigh(there, drawn.sizes)
    return [
        ReplayCall(*known[one.trace_id, one.span_id], stands_for=stands_for, stratum=one.stratum)
        for one, stands_for in zip(there, weights, strict=True)
    ]


def _limit(wanted: int, size: int) -> int:
    """Return below which lot there are as many calls as are wanted, and some more."""
    return math.ceil(_LOTS * min(1.0, (wanted * _SPARE_TIMES + _SPARE) / size))


def _texts(spans: Mapping[_Step, Span]) -> dict[_Step, _Said]:
    found: dict[_Step, _Said] = {}
    for step, span in spans.items():
        asked = calls.input_of(span)
        if asked and span.output is not None:
            # Other documents of the trace are no help to a text that does not get them.
            call = RecordedCall(span, asked, _answer(span), "", context=texts.given_documents(span))
            found[step] = call, _recorded(call)
    return found


def _recorded(call: RecordedCall) -> RecordedAnswer:
    span = call.span
    return RecordedAnswer(
        output=call.output, model=span.model[:120], latency_ms=span.duration_ms, input_tokens=span.input_tokens,
        output_tokens=span.output_tokens, cost_nano_usd=span.cost_nano_usd,
    )  # fmt: skip


def _answer(span: Span) -> str:
    """Return the answer in the words in which a new one is kept: its text, or the tools that it asks for."""
    talk = trace_messages.conversation(span.output)
    if not talk:
        return span.output or ""
    last = talk[-1]
    return last.content or "\n".join(f"→ {tool.name}({tool.arguments})" for tool in last.tool_calls)


def with_output(found: ReplayCall, call: RecordedCall) -> ReplayCall:
    """Return the same with other texts, as when they were masked."""
    return replace(found, call=call, answer=replace(found.answer, output=call.output))
