"""Starts spans, decides which traces are kept, and hands finished spans on."""

from collections.abc import Callable

from callboard import ids
from callboard.contexts import ACTIVE, AMBIENT
from callboard.spans import Span

# Takes a finished span, and about how many bytes it holds.
Sink = Callable[[Span, int], object]
_MAX_HELD_SPANS = 500


class Trace:
    """What the spans of one trace in this process share."""

    root_id = 0
    # Finished spans of a trace that sampling would drop; an error or feedback keeps them after all.
    held: list[Span] | None = None
    # The identity of the latest exception and the span it went on to.
    last_failure = (0, 0)

    def __init__(self, id: int, *, is_kept: bool) -> None:
        self.id = id
        self.is_kept = is_kept
        if not is_kept:
            self.held = []


class Tracer:
    """Makes spans; a tracer without a sink makes spans that go nowhere."""

    def __init__(self, *, sink: Sink | None, sample_rate: float = 1.0, captures_content: bool = True) -> None:
        self.is_on = sink is not None
        self.sample_rate = sample_rate if self.is_on else 0.0
        self.captures_content = captures_content and self.is_on
        self._sink: Sink = sink or _nowhere
        self._keeps_all = self.sample_rate >= 1.0

    def start(self, name: str, kind: str) -> Span:
        """Start a span under the active one, or the first span of a new trace."""
        ambient = AMBIENT.get()
        parent = ACTIVE.get()
        if parent is not None:
            return Span(self, parent.trace, name, kind, parent.id, ambient)
        trace_id = ambient.trace_id or ids.random_bits(128) or 1
        trace = Trace(trace_id, is_kept=self._keeps_all or ids.is_sampled(trace_id, rate=self.sample_rate))
        span = Span(self, trace, name, kind, ambient.parent_id, ambient)
        trace.root_id = span.id
        return span

    def finish(self, span: Span) -> None:
        """Hand a finished span to the sink, unless sampling drops its trace."""
        if not self.is_on:
            return
        trace = span.trace
        if span.error is not None and not trace.is_kept:
            self.keep(trace)
        if trace.is_kept:
            self._sink(span, span.bytes)
        elif trace.held is not None:
            trace.held.append(span)
            if span.id == trace.root_id or len(trace.held) > _MAX_HELD_SPANS:
                trace.held = None

    def keep(self, trace: Trace) -> None:
        """Keep a trace that sampling would have dropped, with the spans already finished."""
        trace.is_kept = True
        held, trace.held = trace.held, None
        for span in held or ():
            self._sink(span, span.bytes)


def _nowhere(span: Span, size: int) -> None:
    """Forget the span."""
