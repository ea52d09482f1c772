"""What charts show is what the spans themselves add up to, whatever is counted, cut by and filtered."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from datetime import datetime, timedelta
from types import SimpleNamespace

import orjson
import pytest
from django.db import connection, transaction
from django.utils import timezone

from monitoring import scores
from monitoring.analysis import flagged
from monitoring.analysis.models import CallAnalysis
from monitoring.dashboards import call_by_call, numbers, questions, tallies
from monitoring.dashboards.measures import MEASURES, Source
from monitoring.ingest.spans import RawSpan
from monitoring.kinds import Arm, Kind, Status
from monitoring.models import Score, Span, Trace
from monitoring.streams import hours
from prompt_registry.models import LabelMove
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_span, new_span_id, new_trace_id, rate, send
from tests.projects.factories import make_project
from tests.prompt_registry.factories import make_prompt, make_version

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MODELS, PLANS, RELEASES = ("small", "large"), ("free", "pro", ""), ("1.0", "1.1", "")
ROLLOUT = "0d5a2f9e-3c1b-4a77-9f7e-9f6f5a3c2b1d"
TIMES = [name for name, measure in MEASURES.items() if measure.quantile]
LATENCY_OFF = 0.02


class World:
    """A project whose traffic of the last ten hours is known span by span."""

    def __init__(self, length: timedelta) -> None:
        self.now = timezone.now()
        self.length = length
        self.start = self.now - length
        self.project = make_project()
        self.lot = random.Random(7)
        self.traces = [new_trace_id() for _ in range(150)]
        send(self.project, *(span for trace_id in self.traces for span in self._spans(trace_id)))
        for trace_id in self.traces:
            self._opinions(trace_id)
        self.found = look(self.project)
        for row in self.found:
            flags = self.lot.choice([0, 0, flagged.bits("refused"), flagged.bits("empty")])
            CallAnalysis.objects.filter(trace_id=row.trace_id, span_id=row.span_id).update(flags=flags)
        hours.recount_between(project_id=self.project.pk, since=self.now - 2 * length, until=self.now)
        with connection.cursor() as cursor:
            # As the database does by itself before long: without it, nothing is known of how much there is.
            cursor.execute("ANALYZE span, trace, score, call_analysis")
        self.spans = list(Span.objects.filter(project=self.project, kind=Kind.LLM))
        self.flags = {row.span_id: row.flags for row in CallAnalysis.objects.filter(project=self.project)}
        self.opinions = [self._of_score(score) for score in Score.objects.filter(project=self.project)]
        self.plans = self._plans()
        self.user_of = {span.trace_id: span.user_id for span in self.spans}
        self.thumbs_of = defaultdict(list)
        for one in self.opinions:
            if one.data_type == "thumbs":
                self.thumbs_of[one.trace_id].append(one.value)
        self.first_seen = self._first_seen()

    def _spans(self, trace_id: str) -> list[RawSpan]:
        lot, root = self.lot, new_span_id()
        at = self.now - self.length * 2 * lot.random() * 0.99 - timedelta(minutes=2)
        plan, user = lot.choice(PLANS), lot.choice(["", *(f"user{number}" for number in range(12))])
        whole = {"trace_id": trace_id, "user": user, "environment": lot.choice(["production", "production", "staging"])}
        metadata = {"callboard.metadata.plan": plan} if plan else {}
        spans = [make_span(at=at, span_id=root, kind=Kind.CHAIN, attributes=metadata, **whole)]
        name, version = lot.choice([("greet", 1), ("greet", 2), ("refund", 1), ("", 0)])
        for number in range(lot.choice([1, 1, 2])):
            cost = lot.choice([None, lot.random() / 100])
            more = {"gen_ai.response.time_to_first_chunk": lot.random() * 2} if lot.random() < 0.5 else {}
            if name and lot.random() < 0.4:
                arm = lot.choice(["control", "candidate"])
                more |= {"callboard.rollout.id": ROLLOUT, "callboard.rollout.arm": arm, "callboard.rollout.bucket": 1}
            span = make_span(
                at=at + timedelta(seconds=number), parent_id=root, took_ms=lot.lognormvariate(7, 1), prompt=name, version=version,
                error="timeout" if lot.random() < 0.2 else "", cost_usd=cost, model=lot.choice(MODELS), attributes=more,
                tokens=(lot.randrange(1, 500), lot.randrange(1, 90)), service=lot.choice(["shop", "bot"]), **whole,
            )  # fmt: skip
            span.resource["service.version"] = lot.choice(RELEASES)
            spans.append(span)
        return spans

    def _opinions(self, trace_id: str) -> None:
        if self.lot.random() < 0.5:
            rate(self.project, trace_id, up=self.lot.random() < 0.6)
        if self.lot.random() < 0.5:
            item = {"trace_id": trace_id, "name": "helpful", "data_type": "number", "value": self.lot.random() * 5}
            scores.record(project_id=self.project.pk, scores=[scores.checked(item, now=timezone.now())])

    def _of_score(self, score: Score) -> SimpleNamespace:
        """Return an opinion with what it is about: the call as it was noted, else the trace."""
        trace = Trace.objects.get(project=self.project, trace_id=score.trace_id)
        names = ("trace_id", "data_type", "value", "prompt_name", "prompt_version", "arm", "model", "environment")
        of_trace = {name: getattr(trace, name) for name in ("release", "service", "user_id")}
        return SimpleNamespace(sort_at=score.call_at, **of_trace, **{name: getattr(score, name) for name in names})

    def _plans(self) -> dict[object, str]:
        found = {}
        for span in Span.objects.filter(project=self.project, metadata__isnull=False):
            found[span.trace_id] = orjson.loads(span.metadata).get("plan", "")
        return found

    def _first_seen(self) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for span in Span.objects.filter(project=self.project):
            if span.user_id:
                found[span.user_id] = min(found.get(span.user_id, span.sort_at), span.sort_at)
        return found

    def ask(self, **values: str) -> numbers.Numbers:
        question = questions.read({"score": "helpful", "key": "plan", **values})
        return numbers.answer(project=self.project, question=question, start=self.start, end=self.now)

    # What the spans say, computed here with none of the code under test.

    def parts(self, span: Span, split: str, start: datetime) -> list[str]:
        match split:
            case "":
                return [""]
            case "prompt":
                return [span.prompt_name]
            case "version":
                return [f"{span.prompt_name} v{span.prompt_version}" if span.prompt_name else ""]
            case "arm":
                return [{Arm.CONTROL: "control", Arm.CANDIDATE: "candidate"}.get(span.arm, "")]
            case "metadata":
                return [self.plans.get(span.trace_id, "")]
            case "segment":
                if not span.user_id:
                    return [""]
                return ["known" if self.first_seen[span.user_id] < start else "new"]
            case _:
                return [getattr(span, split)]

    def expected(self, measure: str, calls: list[Span], thumbs: list[float], helpful: list[float]) -> float | None:
        priced = [span.cost_nano_usd / 1e9 for span in calls if span.cost_nano_usd is not None]
        if measure in TIMES:
            first = measure.startswith("first_")
            times = sorted(
                value / 1e6 for span in calls if (value := span.ttft_ns if first else span.duration_ns) is not None
            )
            return times[max(1, math.ceil(MEASURES[measure].quantile * len(times))) - 1] if times else None
        if measure.startswith("found_"):
            bit = int(MEASURES[measure].flag)
            return sum(bool(self.flags[span.span_id] & bit) for span in calls) / len(calls) if calls else None
        failed = sum(span.status == Status.ERROR for span in calls)
        return {
            "calls": lambda: float(len(calls)),
            "users": lambda: float(len({span.user_id for span in calls if span.user_id})),
            "failed": lambda: float(failed),
            "errors": lambda: failed / len(calls) if calls else None,
            "cost": lambda: None if calls and not priced else sum(priced),
            "call_cost": lambda: sum(priced) / len(priced) if priced else None,
            "tokens": lambda: float(sum(span.input_tokens + span.output_tokens for span in calls)),
            "tokens_in": lambda: float(sum(span.input_tokens for span in calls)),
            "tokens_out": lambda: float(sum(span.output_tokens for span in calls)),
            "disliked": lambda: thumbs.count(0) / len(thumbs) if thumbs else None,
            "responses": lambda: len(thumbs) / len(calls) if calls else None,
            "score": lambda: sum(helpful) / len(helpful) if helpful else None,
        }[measure]()


@pytest.fixture(scope="module")
def shared(django_db_setup, django_db_blocker):
    """The two worlds, made once: charts only read them."""
    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            yield {"hours": World(10 * HOUR), "minutes": World(3 * HOUR)}
        finally:
            transaction.set_rollback(True)
            atomic.__exit__(None, None, None)


SPLITS = ("", "prompt", "version", "arm", "model", "environment", "release", "service", "segment", "metadata")
SHOWN = [name for name in MEASURES if not name.startswith("found_")] + ["found_refused", "found_empty"]


def check(world: World, measure: str, split: str, line: str = "", keeps=lambda span: True) -> None:
    """Hold each point and each total of a chart against the spans."""
    found = world.ask(measure=measure, split=split, q=line)
    start, step, moments = found.period.start, found.period.step, found.period.moments

    def at(moment: datetime) -> datetime | None:
        return moments[int((moment - start) / step)] if start <= moment < found.period.end else None

    calls, thumbs, helpful = defaultdict(list), defaultdict(list), defaultdict(list)
    for one in [*world.spans, *world.opinions]:
        if (moment := at(one.sort_at)) and keeps(one):
            for part, when in itertools.product(world.parts(one, split, start), (moment, None)):
                if isinstance(one, Span):
                    calls[part, when].append(one)
                else:
                    (thumbs if one.data_type == "thumbs" else helpful)[part, when].append(one.value)

    assert found.parts, (measure, split)
    for part in found.parts:
        shown = [
            (None, tallies.value(found.question.measure, part.total)),
            *zip(moments, found.values(part), strict=True),
        ]
        for when, value in shown:
            key = (part.name, when)
            wanted = world.expected(measure, calls[key], thumbs[key], helpful[key])
            near = pytest.approx(wanted, rel=LATENCY_OFF if measure in TIMES else 1e-9) if wanted is not None else None
            assert value == near, (measure, split, line, key)
    names = {part for part, when in calls if when is None and calls[part, None]}
    if not MEASURES[measure].is_of_thumbs and measure not in ("score", "users") and not measure.startswith("first_"):
        assert {part.name for part in found.parts} == names


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("size", ["hours", "minutes"])
def test_every_number_equals_what_the_spans_say(shared, size, split):
    for measure in SHOWN:
        check(shared[size], measure, split)


@pytest.mark.parametrize("measure", SHOWN)
def test_a_filter_that_counters_know_leaves_the_same_calls(shared, measure):
    check(
        shared["hours"], measure, "version", "prompt:greet -model:large version:>=1",
        lambda span: span.prompt_name == "greet" and span.model != "large",
    )  # fmt: skip


LINES = {
    "release:1.0": lambda world, one: one.release == "1.0",
    "user:user1,user2": lambda world, one: one.user_id in ("user1", "user2"),
    "-service:shop has:user": lambda world, one: one.service != "shop" and world.user_of[one.trace_id] != "",
    "metadata.plan:pro": lambda world, one: world.plans.get(one.trace_id) == "pro",
    "feedback:down": lambda world, one: 0 in world.thumbs_of[one.trace_id],
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    "measure", ["calls", "users", "p95", "cost", "disliked", "responses", "score", "found_refused"]
)
def test_a_filter_that_only_calls_know_leaves_the_same_calls(shared, line, measure):
    world = shared["hours"]

    check(world, measure, "", line, lambda one: LINES[line](world, one))


def published(world, first, second):
    """Publish one version of the prompt, and later another one in its place."""
    prompt = make_prompt(world.project, name="greet")
    for version, at in zip([make_version(prompt), make_version(prompt)], (first, second), strict=True):
        LabelMove.objects.create(
            project=world.project, prompt=prompt, label="production", to_version=version, moved_at=at
        )


@pytest.mark.parametrize("measure", ["calls", "p95", "users", "disliked", "found_refused"])
def test_a_chart_by_label_counts_calls_of_the_version_that_had_it_then(shared, measure):
    world = shared["hours"]
    found = world.ask(measure=measure, split="label", q="prompt:greet")
    start, step = found.period.start, found.period.step
    moments = found.period.moments
    half = moments[len(moments) // 2]
    published(world, start - HOUR, half)

    found = world.ask(measure=measure, split="label", q="prompt:greet")

    (part,) = found.parts
    assert part.name == "production"
    for moment, value in zip(moments, found.values(part), strict=True):
        wanted = 1 if moment < half else 2
        of = [
            one for one in [*world.spans, *world.opinions]
            if one.prompt_name == "greet" and one.prompt_version == wanted and moment <= one.sort_at < moment + step
        ]  # fmt: skip
        calls = [one for one in of if isinstance(one, Span)]
        thumbs = [one.value for one in of if not isinstance(one, Span) and one.data_type == "thumbs"]
        expected = world.expected(measure, calls, thumbs, [])
        assert value == (None if expected is None else pytest.approx(expected, rel=LATENCY_OFF)), moment


def test_a_person_counts_once_for_a_label_however_many_hours_and_versions(shared):
    world = shared["hours"]

    period = world.ask(measure="users", q="prompt:greet").period
    half = period.moments[len(period.moments) // 2]
    published(world, period.start - HOUR, half)

    (part,) = world.ask(measure="users", split="label", q="prompt:greet").parts

    calls = [one for one in world.spans if one.prompt_name == "greet" and period.start <= one.sort_at < period.end]
    people = {one.user_id for one in calls if one.user_id and one.prompt_version == (1 if one.sort_at < half else 2)}
    assert part.total.count == len(people) < sum(tally.count for tally in part.points)


def test_the_period_before_is_counted_like_this_one(shared):
    world = shared["hours"]

    found = world.ask(measure="calls", split="model", compare="1")

    before = found.period.before()
    for part in found.parts:
        calls = [one for one in world.spans if one.model == part.name and before.start <= one.sort_at < before.end]
        assert part.before.count == len(calls)
        assert sum(tally.count for tally in part.points_before) == len(calls)


@pytest.mark.parametrize(
    ("values", "length", "source"),
    [
        ({"measure": "p95", "split": "version", "q": "prompt:greet -model:x* arm:candidate"}, 10, Source.COUNTERS),
        ({"measure": "disliked", "split": "label"}, 10, Source.COUNTERS),
        ({"measure": "calls", "split": "release"}, 10, Source.CALLS),
        ({"measure": "calls", "q": "user:ann"}, 10, Source.CALLS),
        ({"measure": "users"}, 10, Source.CALLS),
        ({"measure": "found_refused", "split": "model"}, 10, Source.FINDINGS),
        ({"measure": "found_refused", "split": "model"}, 2, Source.CALLS),
        ({"measure": "found_refused", "split": "arm"}, 10, Source.CALLS),
        ({"measure": "score"}, 10, Source.SCORES),
    ],
)
def test_single_calls_are_read_only_where_counters_do_not_know(db, values, length, source):
    now = timezone.now()

    found = numbers.answer(
        project=make_project(), question=questions.read(values), start=now - length * HOUR, end=now
    )  # fmt: skip

    assert found.source == source
    assert found.is_empty


def test_so_many_of_the_newest_calls_are_read_and_what_lies_before_is_unknown(shared, monkeypatch):
    monkeypatch.setattr(call_by_call, "MOST_READ", 20)
    world = shared["hours"]

    found = world.ask(measure="calls", split="", q="release:1.0,1.1")

    newest = sorted(one.sort_at for one in world.spans if one.release)[-20:]
    assert found.since == newest[0]
    assert all(
        value is None
        for at, value in zip(found.period.moments, found.values(found.parts[0]), strict=True)
        if at < newest[0]
    )


def test_calls_that_were_read_in_part_are_compared_with_nothing(shared, monkeypatch):
    monkeypatch.setattr(call_by_call, "MOST_READ", 20)

    found = shared["hours"].ask(measure="calls", split="", q="release:1.0,1.1", compare="1")

    assert [part.before for part in found.parts] == [None]


@pytest.mark.parametrize(("days", "is_compared"), [(10, True), (20, False)])
def test_a_period_before_whose_calls_are_gone_in_part_is_compared_with_nothing(shared, days, is_compared):
    world = shared["hours"]
    question = questions.read({"measure": "calls", "split": "release", "compare": "1"})

    found = numbers.answer(
        project=world.project, question=question, start=world.now - timedelta(days=days), end=world.now
    )

    assert found.source == Source.CALLS
    assert {part.before is not None for part in found.parts} == {is_compared}


def test_a_chart_never_counts_calls_of_another_project(shared):
    now = timezone.now()
    for measure in SHOWN:
        question = questions.read({"measure": measure, "score": "helpful"})
        assert numbers.answer(project=make_project(), question=question, start=now - HOUR, end=now).is_empty
