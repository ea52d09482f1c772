"""Spans in a host that uses OpenTelemetry: they become children of its active span."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from callboard import context, continue_trace, span, traceparent
from callboard.testing import capture
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider


@pytest.fixture
def captured():
    with capture() as captured:
        yield captured


@pytest.fixture
def host():
    provider = TracerProvider(shutdown_on_exit=False)
    yield provider.get_tracer("host")
    provider.shutdown()


def ids_of(otel_span):
    found = otel_span.get_span_context()
    return f"{found.trace_id:032x}", f"{found.span_id:016x}"


def test_the_active_span_of_the_host_becomes_the_parent(captured, host):
    with host.start_as_current_span("request") as request, span("outer"), span("inner"):
        pass

    outer, inner = captured.named("outer"), captured.named("inner")
    assert (outer.trace_id, outer.parent_id) == ids_of(request)
    assert (inner.trace_id, inner.parent_id) == (outer.trace_id, outer.span_id)


def test_a_span_of_the_host_inside_one_of_ours_is_the_parent_of_what_it_holds(captured, host):
    with (
        host.start_as_current_span("request"),
        span("outer") as outer,
        host.start_as_current_span("step") as step,
        span("inner"),
        span("innermost"),
    ):
        pass

    inner = captured.named("inner")
    assert (inner.trace_id, inner.parent_id) == ids_of(step)
    assert inner.trace_id == outer.trace_id
    assert captured.named("innermost").parent_id == inner.span_id


def test_a_host_that_begins_its_trace_inside_of_ours_does_not_tear_ours_apart(captured, host):
    with span("outer") as outer, host.start_as_current_span("other"), span("inner"):
        pass

    assert captured.named("inner").trace_id == outer.trace_id
    assert captured.named("inner").parent_id == outer.span_id


def test_without_an_active_span_of_the_host_a_trace_of_our_own_begins(captured, host):
    with span("alone"):
        pass

    assert captured.named("alone").parent_id is None


def test_a_trace_named_by_the_application_wins(captured, host):
    with host.start_as_current_span("request"):
        with continue_trace(f"00-{'a' * 32}-{'b' * 16}-01"), span("continued"):
            pass
        with context(trace_id="c" * 32), span("named"):
            pass

    assert captured.named("continued").parent_id == "b" * 16
    assert captured.named("named").trace_id == "c" * 32


def test_the_traceparent_sent_on_names_our_span_in_the_trace_of_the_host(captured, host):
    with host.start_as_current_span("request") as request, span("outer") as outer:
        assert traceparent() == f"00-{ids_of(request)[0]}-{outer.span_id}-01"


def test_the_span_of_another_service_that_the_host_took_up_becomes_the_parent(captured):
    remote = trace.SpanContext(int("a" * 32, 16), int("b" * 16, 16), is_remote=True, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(remote)), span("served"):
        pass

    assert (captured.named("served").trace_id, captured.named("served").parent_id) == ("a" * 32, "b" * 16)


def test_opentelemetry_is_never_imported_by_the_client():
    program = """
        import sys
        import callboard
        from callboard.testing import capture
        with capture() as spans, callboard.span("a"):
            pass
        assert len(spans) == 1
        assert not [name for name in sys.modules if name.startswith("opentelemetry")]
        """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
