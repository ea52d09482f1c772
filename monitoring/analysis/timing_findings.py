"""Calls that took longer, or said more, than is usual for their prompt, model and hour: each function is one detector."""

from __future__ import annotations

from monitoring.analysis.calls import NOT_FOUND, OUTPUT, Call, Found, in_part
from monitoring.analysis.flags import Flag
from monitoring.detectors import latency, verbosity
from monitoring.detectors.latency import LatencyBaseline, Timing


def slow(call: Call) -> Found:
    """The call took far longer than calls with answers of about the same length."""
    if call.usual is None or call.has_failed:
        return NOT_FOUND
    timing = Timing(call.output_tokens or 0, call.duration_seconds / call.usual.factor(call.hour))
    return _outlier(timing, call.usual.duration, "took")


def late_start(call: Call) -> Found:
    """The first words came far later than usual; long inputs start late for a good reason."""
    if call.usual is None or call.ttft_seconds is None:
        return NOT_FOUND
    timing = Timing(call.input_tokens or 0, call.ttft_seconds / call.usual.factor(call.hour))
    return _outlier(timing, call.usual.start, "began after")


def long_winded(call: Call) -> Found:
    """The answer is far longer than this prompt usually gives."""
    if call.usual is None:
        return NOT_FOUND
    output = call.texts.parts.output
    found = verbosity.long_winded(output, call.output_tokens or 0, call.usual.length)
    return in_part(OUTPUT, found, length=len(output))


def compared(call: Call) -> Flag:
    """Return the bits of which one call in twenty has each, as long as nothing changes."""
    usual = call.usual
    if usual is None:
        return Flag(0)
    found, factor = Flag(0), usual.factor(call.hour)
    if usual.duration_p95 is not None and call.duration_seconds / factor > usual.duration_p95:
        found |= Flag.SLOWER
    if usual.start_p95 is not None and call.ttft_seconds is not None and call.ttft_seconds / factor > usual.start_p95:
        found |= Flag.LATER_START
    if usual.cost_p95 is not None and call.cost_nano_usd is not None and call.cost_nano_usd > usual.cost_p95:
        found |= Flag.DEARER
    return found


def _outlier(timing: Timing, usual: LatencyBaseline | None, did: str) -> Found:
    found = latency.outlier(timing, usual)
    if usual is None or found.probability <= 0:
        return NOT_FOUND
    times = timing.seconds / usual.usual_seconds(timing.output_tokens)
    # Of time no word is to blame: a place without length carries the reason.
    return Found(found.probability, ((OUTPUT, 0, 0, f"{did} {times:.1f} times as long as usual"),))
