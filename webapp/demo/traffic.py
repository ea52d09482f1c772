"""Makes up the history of the demo project: weeks of visits with a story in them.

Version 3 of the refund prompt goes live after most of the time and makes the assistant turn people away. In the afternoons of
the last days the large model is slow, and near the end the search finds no help pages on products any more. One hour was slow,
and for a quarter of an hour the provider was down. The same seed makes the same history.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from prompt_registry.providers.simulated.answers import Answer
from webapp.demo import exchanges, shop
from webapp.demo.exchanges import Exchange
from webapp.demo.opinions import Reaction, react
from webapp.demo.otlp_spans import Ids, request_of
from webapp.demo.prompts import PROMPTS, REFUND, SEARCH, SUMMARY, DemoPrompt
from webapp.demo.rhythm import arrivals
from webapp.demo.traces import Trace, Visit, trace_of

_SPANS_PER_BATCH = 400
# How often each prompt is used, in the order of PROMPTS.
_WEIGHTS = (0.5, 0.2, 0.3)
_CHANNELS = ("web", "web", "web", "app", "app", "mail")
# Parts of the history, as shares of it.
_SLOW_HOUR_AT = 0.8
_OUTAGE_AT = 0.45
_SLOWNESS = 6.0
_OUTAGE = 0.75
# Three hours of each day, from some day on, in UTC.
_SLOW_AFTERNOONS_FROM, _AFTERNOON, _AFTERNOON_SLOWNESS = 0.58, range(13, 16), 4.0
_NOTHING_FOUND_FROM = 0.84


@dataclass(slots=True)
class Batch:
    """Spans ready for the ingest, and the feedback on traces that came before or in it."""

    request: ExportTraceServiceRequest
    feedback: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _History:
    """The span of time that the demo has lived through, and its dice."""

    starts_at: datetime
    ends_at: datetime
    seed: int

    def share(self, moment: datetime) -> float:
        return (moment - self.starts_at) / (self.ends_at - self.starts_at)

    def is_within(self, moment: datetime, share: float, length: timedelta) -> bool:
        begin = self.starts_at + (self.ends_at - self.starts_at) * share
        # On the full hour, so that charts by the hour show it whole.
        begin = begin.replace(minute=0, second=0, microsecond=0)
        return begin <= moment < begin + length


@dataclass(slots=True)
class _Waiting:
    """What was made and not handed out yet, by service."""

    spans: dict[str, list[Span]] = field(default_factory=dict)
    feedback: list[dict[str, Any]] = field(default_factory=list)


def history(*, ends_at: datetime, days: int = 14, visits_per_day: float = 170, seed: int = 1) -> Iterator[Batch]:
    """Yield the batches of the whole history in order of time, up to `ends_at`."""
    past = _History(ends_at - timedelta(days=days), ends_at, seed)
    rng = random.Random(seed)  # noqa: S311  # repeatable on purpose
    waiting = _Waiting()
    begins = arrivals(starts_at=past.starts_at, ends_at=past.ends_at, per_day=visits_per_day, rng=rng)
    for number, began_at in enumerate(begins):
        for service, trace, feedback in _visit(past, number, began_at):
            waiting.spans.setdefault(service, []).extend(trace.spans)
            waiting.feedback += feedback
        if sum(map(len, waiting.spans.values())) >= _SPANS_PER_BATCH:
            yield from _handed_out(past, waiting, began_at)
    yield from _handed_out(past, waiting, ends_at)


def _handed_out(past: _History, waiting: _Waiting, now: datetime) -> Iterator[Batch]:
    year, week, _ = now.isocalendar()
    batches = [
        Batch(request_of(spans=spans, service=service, environment="production", release=f"{year}.{week}"), [])
        for service, spans in waiting.spans.items()
    ]
    if batches:
        # Last, so that no feedback comes before its trace.
        batches[-1].feedback, waiting.feedback = waiting.feedback, []
    waiting.spans = {}
    yield from batches


def _visit(past: _History, number: int, began_at: datetime) -> Iterator[tuple[str, Trace, list[dict[str, Any]]]]:
    rng = random.Random(f"{past.seed}/{number}")  # noqa: S311  # repeatable on purpose
    prompt = rng.choices(PROMPTS, _WEIGHTS)[0]
    user = rng.choice(shop.USERS)
    session, channel = f"session-{past.seed}-{number:05d}", rng.choice(_CHANNELS)
    talk: list[dict[str, str]] = []
    moment, turn = began_at, 0
    while moment < past.ends_at:
        slowness = _slowness(past, prompt, moment)
        visit = _visit_facts(f"demo/{past.seed}/{number}/{turn}", moment, user, session, channel, slowness)
        exchange = _exchange(past, prompt, user, moment, talk, rng)
        trace = trace_of(exchange=exchange, visit=visit, rng=rng)
        ended_at = datetime.fromtimestamp(trace.ended_ns / 1e9, UTC)
        reaction = react(outcome=exchange.outcome, rng=rng)
        yield _service(prompt), trace, _feedback(past, visit, trace, reaction, ended_at)
        is_last = prompt.name != REFUND or turn + 1 == shop.MOST_TURNS
        if is_last or not isinstance(exchange.outcome, Answer) or not shop.goes_on(rng):
            return
        answered = {"role": "assistant", "content": exchange.outcome.text}
        talk += [{"role": "user", "content": exchange.asked}, answered]
        moment, turn = ended_at + timedelta(seconds=15 + rng.expovariate(1 / 40)), turn + 1


def _visit_facts(seed: str, moment: datetime, user: str, session: str, channel: str, slowness: float) -> Visit:
    started_ns = int(moment.timestamp() * 1_000_000) * 1_000
    return Visit(Ids(seed), started_ns, user, session, channel, slowness)


def _slowness(past: _History, prompt: DemoPrompt, moment: datetime) -> float:
    if past.is_within(moment, _SLOW_HOUR_AT, timedelta(hours=1)):
        return _SLOWNESS
    is_large = prompt.name == SUMMARY
    is_late = past.share(moment) >= _SLOW_AFTERNOONS_FROM and moment.hour in _AFTERNOON
    return _AFTERNOON_SLOWNESS if is_large and is_late else 1.0


def _exchange(
    past: _History,
    prompt: DemoPrompt,
    user: str,
    moment: datetime,
    talk: Sequence[dict[str, str]],
    rng: random.Random,
) -> Exchange:
    variables, pages = exchanges.variables_for(prompt=prompt, user=user, rng=rng)
    if talk:
        variables["question"] = rng.choice(shop.FOLLOW_UPS)
    if prompt.name == SEARCH and past.share(moment) >= _NOTHING_FOUND_FROM and _is_about_a_product(variables):
        variables["context"], pages = "", ()
    return exchanges.make(
        prompt=prompt,
        version=prompt.version_at(past.share(moment)),
        variables=variables,
        pages=pages,
        history=talk,
        seed=rng.getrandbits(48),
        outage=_OUTAGE if past.is_within(moment, _OUTAGE_AT, timedelta(minutes=15)) else 0.0,
    )


def _is_about_a_product(variables: dict[str, str]) -> bool:
    return any(item in variables["question"] for item in shop.ITEMS)


def _service(prompt: DemoPrompt) -> str:
    return "shop-desk" if prompt.name == SUMMARY else "shop-assistant"


def _feedback(
    past: _History, visit: Visit, trace: Trace, reaction: Reaction | None, ended_at: datetime
) -> list[dict[str, Any]]:
    if reaction is None:
        return []
    created_at = ended_at + timedelta(seconds=reaction.after_seconds)
    if created_at >= past.ends_at:
        return []
    base: dict[str, Any] = {
        "trace_id": visit.ids.trace.hex(),
        "span_id": trace.call_id.hex(),
        "value": None,
        "string_value": None,
        "comment": reaction.comment or None,
        "source": "user",
        "user_id": visit.user,
        "created_at": created_at.isoformat(timespec="milliseconds"),
    }
    thumbs = {"name": "thumbs", "data_type": "thumbs", "value": int(reaction.is_up)}
    items = [{**base, **thumbs, "id": _feedback_id(visit, "thumbs")}]
    if reaction.correction:
        correction = {"name": "correction", "data_type": "correction", "string_value": reaction.correction}
        items.append({**base, **correction, "comment": None, "id": _feedback_id(visit, "correction")})
    return items


def _feedback_id(visit: Visit, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"callboard:{visit.ids.seed}/{name}"))
