"""Makes items of recorded calls: what the application filled in goes in, and a better answer is what should come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from evals import datasets, item_contents
from evals.adding import Addition, NewItem
from evals.errors import ItemNotUsable
from evals.item_contents import MESSAGES, UNNAMED
from evals.models import Dataset, ItemSource
from monitoring import trace_messages, trace_prompts, trace_search
from monitoring.kinds import Kind
from monitoring.models import Score, ScoreSource, ScoreType, Span, Trace
from monitoring.trace_filters import TraceFilter
from monitoring.trace_messages import Message
from projects.models import Project, User

MOST_CALLS = 500
# The names under which an item notes what a user said to an answer, and that answer.
FEEDBACK, OLD_ANSWER = "feedback", "old_answer"
# By the trace and the step; None for the whole trace.
_ByStep = dict[tuple[Any, int | None], str]
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call as an item would have it; `correction` is the better answer that somebody gave, `feedback` what was said to it.

    `tags`, `facts` and `split` are what the item notes of this call beside, or instead of, what all of them have; `context` is
    what the answer had to rest on.
    """

    span: Span
    input: dict[str, Any]
    output: str
    correction: str
    feedback: str = ""
    tags: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    split: str = ""
    context: str = ""

    def expected(self, *, with_answer: bool) -> str:
        """Return what should come out: the better answer, or the recorded one when it is trusted."""
        return self.correction or (self.output if with_answer else "")

    @property
    def metadata(self) -> dict[str, Any]:
        known = {"prompt": self.span.prompt_name, "prompt_version": self.span.prompt_version, "model": self.span.model}
        if self.feedback:
            # What a judge needs to tell whether a new answer takes the feedback in.
            known |= {FEEDBACK: self.feedback, OLD_ANSWER: self.output}
        return {name: value for name, value in known.items() if value} | dict(self.facts)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The newest traces that pass a filter, and whether there are more than can be taken at once."""

    traces: list[Trace]
    has_more: bool


@dataclass(frozen=True, slots=True)
class CallsAdded:
    """What became of the calls; `left_out_count` of them had no text, or one that is too long."""

    addition: Addition
    left_out_count: int


def chosen(*, project: Project, wanted: TraceFilter) -> Chosen:
    """Return the newest traces that pass the filter, as many as can be taken at once."""
    page = trace_search.page(project=project, wanted=wanted, limit=MOST_CALLS, seconds=1.5)
    return Chosen(page.traces, page.older is not None)


def of_traces(traces: Sequence[Trace]) -> Iterator[tuple[Trace, RecordedCall | None]]:
    """Yield each trace with its last call, as far as texts of it were recorded."""
    for start in range(0, len(traces), _AT_ONCE):
        some = traces[start : start + _AT_ONCE]
        spans, better, words = _last_calls(some), _corrections(some), _feedback(some)
        for trace in some:
            span = spans.get(trace.trace_id)
            yield trace, _recorded(span, better, words) if span else None


def of_span(trace: Trace, span: Span) -> RecordedCall | None:
    """Return one step of a trace as an item would have it, or None when no text of it was recorded."""
    return _recorded(span, _corrections([trace]), _feedback([trace]))


def of_steps(*, project: Project, steps: Sequence[tuple[UUID, int]]) -> list[RecordedCall]:
    """Return the steps of traces, each by trace and step, in their order, without those that are gone or have no text."""
    traces = {
        trace.trace_id: trace
        for trace in Trace.objects.filter(project=project, trace_id__in={trace_id for trace_id, _ in steps})
    }
    if not traces:
        return []
    days = (min(trace.min_day for trace in traces.values()), max(trace.max_day for trace in traces.values()))
    rows = Span.objects.filter(
        project=project, trace_id__in=list(traces), span_id__in=[span_id for _, span_id in steps], start_day__range=days
    )
    spans = {(span.trace_id, span.span_id): span for span in rows.defer("events", "metadata")}
    better, words = _corrections(list(traces.values())), _feedback(list(traces.values()))
    found = (_recorded(spans[step], better, words) for step in steps if step in spans)
    return [call for call in found if call]


def add(
    *, dataset: Dataset, calls: Iterable[RecordedCall | None], with_answer: bool = False, tags: Iterable[str] = (),
    split: str = "", by: User | None,
) -> CallsAdded:  # fmt: skip
    """Put recorded calls into the dataset; the recorded answers count as expected ones only when that is asked for."""
    items, left_out, labels = [], 0, list(tags)
    for call in calls:
        new = _new_item(call, with_answer, labels, split) if call else None
        if new:
            items.append(new)
        else:
            left_out += 1
    origin = "recorded calls" if len(items) != 1 else "a recorded call"
    done = datasets.add_items(dataset=dataset, items=items, origin=origin, by=by)
    return CallsAdded(done, left_out)


def _new_item(call: RecordedCall, with_answer: bool, tags: list[str], split: str) -> NewItem | None:
    try:
        content = item_contents.checked(
            input=call.input, context=call.context, expected_output=call.expected(with_answer=with_answer), metadata=call.metadata,
            tags=[*call.tags, *tags], split=call.split or split,
        )  # fmt: skip
    except ItemNotUsable:
        return None
    return NewItem(content, ItemSource.CALL, call.span.trace_id, call.span.span_id)


def _last_calls(traces: Sequence[Trace]) -> dict[Any, Span]:
    if not traces:
        return {}
    spans = Span.objects.filter(
        project_id=traces[0].project_id, trace_id__in=[trace.trace_id for trace in traces], kind=Kind.LLM,
        start_day__range=(min(trace.min_day for trace in traces), max(trace.max_day for trace in traces)),
    )  # fmt: skip
    latest = spans.order_by("trace_id", "-start_ns").distinct("trace_id").defer("events", "metadata")
    return {span.trace_id: span for span in latest}


def _corrections(traces: Sequence[Trace]) -> _ByStep:
    """Return the newest better answers, by trace and by the step they are about; some are about the whole trace."""
    if not traces:
        return {}
    found = Score.objects.filter(
        project_id=traces[0].project_id, trace_id__in=[trace.trace_id for trace in traces], data_type=ScoreType.CORRECTION
    )  # fmt: skip
    rows = found.order_by("created_at").values_list("trace_id", "span_id", "string_value")
    return {(trace_id, span_id): text for trace_id, span_id, text in rows if text}


def _feedback(traces: Sequence[Trace]) -> _ByStep:
    """Return the newest words that a user or a colleague said about the answers, likewise."""
    if not traces:
        return {}
    found = Score.objects.filter(
        project_id=traces[0].project_id, trace_id__in=[trace.trace_id for trace in traces],
        source__in=[ScoreSource.USER, ScoreSource.HUMAN],
    ).exclude(data_type=ScoreType.CORRECTION)  # fmt: skip
    rows = found.order_by("created_at").values_list("trace_id", "span_id", "data_type", "string_value", "comment")
    said = {}
    for trace_id, span_id, data_type, text, comment in rows:
        if words := (comment or (text if data_type == ScoreType.TEXT else "") or "").strip():
            said[trace_id, span_id] = words
    return said


def _recorded(span: Span, corrections: _ByStep, feedback: _ByStep) -> RecordedCall | None:
    found = input_of(span)
    if not found:
        return None
    step, whole = (span.trace_id, span.span_id), (span.trace_id, None)
    better = corrections.get(step) or corrections.get(whole, "")
    return RecordedCall(span, found, _output_of(span), better, feedback.get(step) or feedback.get(whole, ""))


def input_of(span: Span) -> dict[str, Any]:
    """Return what the application filled into the blanks, or else the messages it sent, or the text."""
    if variables := trace_prompts.variables_of(span):
        return dict(variables)
    if talk := trace_messages.conversation(span.input):
        return {MESSAGES: [_plain(message) for message in talk]}
    return {UNNAMED: span.input} if span.input else {}


def _output_of(span: Span) -> str:
    talk = trace_messages.conversation(span.output)
    return talk[-1].content if talk else span.output or ""


def _plain(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name:
        found["name"] = message.name
    if message.tool_calls:
        found["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls
        ]
    return found
