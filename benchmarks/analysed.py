"""Looks at calls in a process of its own beside the servers of a benchmark, and prints what that took as one JSON object."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import django

from benchmarks.figures import Figures

if TYPE_CHECKING:
    from monitoring.analysis.calls import Call
    from monitoring.models import Span

_AT_ONCE = 300
_TIMED_CALLS = 300
_FEW = 20


def main() -> None:
    """Store as many calls as asked for, look at them all, and print the figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    project_id, calls = int(sys.argv[1]), int(sys.argv[2])
    # Weights and vectors are read once in the life of a worker.
    _store(project_id, _FEW)
    _look(project_id)
    _store(project_id, calls)
    sys.stdout.write(json.dumps(measured(project_id, calls)) + "\n")


def measured(project_id: int, calls: int) -> Figures:
    """Return how fast the stored calls are looked at, and what takes how much of the time."""
    from monitoring.analysis import running
    from monitoring.analysis.models import CallAnalysis

    before = CallAnalysis.objects.filter(project_id=project_id).count()
    wall, cpu = time.perf_counter(), time.process_time()
    _look(project_id)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    looked_at = CallAnalysis.objects.filter(project_id=project_id).count() - before
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each_ms = cpu / max(looked_at, 1) * 1000
    return {
        "calls": calls, "looked_at": looked_at, "calls_per_second": round(looked_at / wall, 1),
        "calls_per_cpu_second": round(looked_at / cpu, 1), "ms_per_call": round(each_ms, 2),
        "lag_seconds": round(running.progress(project_id=project_id).lag_seconds, 1), "peak_rss_mb": round(peak_mb),
        "share_of_time": _shares(project_id, each_ms),
        "flagged": CallAnalysis.objects.filter(project_id=project_id, flags__gt=0).count(),
    }  # fmt: skip


def _look(project_id: int) -> None:
    from monitoring.analysis import running

    while running.run(project_id=project_id):
        pass


def _store(project_id: int, calls: int) -> None:
    from benchmarks.asked import Shop
    from monitoring.ingest.rows import Sender, now
    from monitoring.ingest.store import store

    shop, done = Shop(seed=calls), 0
    while done < calls:
        some = min(_AT_ONCE, calls - done)
        store(shop.spans(some), Sender(project_id=project_id, environment="", received_at=now()))
        done += some


def _shares(project_id: int, each_ms: float) -> Figures:
    """Return which share of the time each detector takes, the embedding, and everything else: reading, comparing, storing."""
    from monitoring import input_texts
    from monitoring.analysis import detecting
    from monitoring.detectors import languages
    from monitoring.kinds import Kind
    from monitoring.models import Span

    spans = list(Span.objects.filter(project_id=project_id, kind=Kind.LLM)[:_TIMED_CALLS])
    seen = _seen(spans)
    found = {name: _ms(ask, seen) / each_ms for name, ask in detecting.ASKED.items()}
    # Texts that were embedded are remembered: these are new ones of the same length.
    asked = [[f"{part} {place}" for part in input_texts.of_call(span)] for place, span in enumerate(spans)]
    found["embedding"] = _ms(input_texts.vectors, [asked]) / len(asked) / each_ms
    found["language of the question"] = _ms(lambda call: languages.language_of(call.texts.parts.input), seen) / each_ms
    found["everything else"] = max(0.0, 1 - sum(found.values()))
    return {name: round(share, 3) for name, share in sorted(found.items(), key=lambda item: -item[1])}


def _seen(spans: Sequence[Span]) -> list[Call]:
    from monitoring.analysis import surroundings, texts
    from monitoring.analysis.calls import Call

    return [
        Call(texts=texts.read(span, around), is_in_session=True, likeness=0.5)
        for span, around in zip(spans, surroundings.of_calls(spans), strict=True)
    ]


def _ms(act: Callable[[Any], object], cases: Sequence[Any]) -> float:
    """Return the milliseconds of processor time that a case takes on average."""
    started = time.thread_time()
    for case in cases:
        act(case)
    return (time.thread_time() - started) / len(cases) * 1000


if __name__ == "__main__":
    main()
