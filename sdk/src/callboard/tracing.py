"""Starts spans, decides which traces are kept, and hands finished spans on."""

from collections.abc import Callable
from os import getpid

from callboard import forks, opentelemetry_parent
from callboard.contexts import ACTIVE, AMBIENT, FINDERS, active_span
from callboard.ids import is_sampled, random_bits
from callboard.spans import Span, Trace

# Takes a finished span, and about how many bytes it holds.
Sink = Callable[[Span, int], object]
_MAX_HELD_SPANS = 500


class Tracer:
    """Makes spans; a tracer without a sink makes spans that go nowhere."""

    def __init__(self, *, sink: Sink | None, sample_rate: float = 1.0, captures_content: bool = True) -> None:
        self.is_on = sink is not None
        self.sample_rate = sample_rate if self.is_on else 0.0
        self.captures_content = captures_content and self.is_on
        self.sink: Sink = sink or _nowhere
        self._keeps_all = self.sample_rate >= 1.0

    def start(self, name: str, kind: str, *, under: Span | None = None) -> Span:
        """Start a span under the one given or else the active one, or the first span of a new trace."""
        if forks.pid != getpid():
            forks.begin_anew()
        ambient = AMBIENT.get()
        parent = under or (active_span() if FINDERS else ACTIVE.get())
        if parent is not None:
            span = Span(self, parent.trace_number, name, kind, parent.id, ambient)
            span.trace = parent.trace
            if parent.outer_id:
                _go_under_newer(span, parent)
            return span
        outer = None if ambient.trace_id else opentelemetry_parent.active()
        trace_number = ambient.trace_id or (outer and outer[0]) or random_bits(128) or 1
        span = Span(self, trace_number, name, kind, ambient.parent_id, ambient)
        if outer is not None:
            span.parent_id = span.outer_id = outer[1]
        if not (self._keeps_all or is_sampled(trace_number, rate=self.sample_rate)):
            _hold(span)
        return span

    def finish(self, span: Span) -> None:
        """Hand a finished span to the sink, unless sampling drops its trace."""
        if not self.is_on:
            return
        trace = span.trace
        if span.error is not None and not trace.is_kept:
            self.keep(trace)
        if trace.is_kept:
            self.sink(span, span.bytes)
        elif trace.held is not None:
            trace.held.append(span)
            if span.id == trace.root_id or len(trace.held) > _MAX_HELD_SPANS:
                trace.held = None

    def keep(self, trace: Trace) -> None:
        """Keep a trace that sampling would have dropped, with the spans already finished."""
        trace.is_kept = True
        held, trace.held = trace.held, None
        for span in held or ():
            self.sink(span, span.bytes)


def _go_under_newer(span: Span, parent: Span) -> None:
    """Make the span a child of the OpenTelemetry span that was started inside of its parent, if there is one."""
    outer = opentelemetry_parent.active()
    if outer is None or outer[0] != span.trace_number:
        return
    span.outer_id = outer[1]
    if span.outer_id != parent.outer_id:
        span.parent_id = span.outer_id


def _hold(root: Span) -> None:
    """Hold back the spans of a trace that sampling drops, until an error or feedback keeps it after all."""
    root.trace.is_kept = False
    root.trace.root_id = root.id
    root.trace.held = []


def _nowhere(span: Span, size: int) -> None:
    """Forget the span."""
