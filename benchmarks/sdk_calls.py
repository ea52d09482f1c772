"""Traces calls of a function that does nothing, and prints what tracing costs the calling thread as JSON.

A process of its own, like an application: only the SDK is loaded, and the memory that grows is the SDK's.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable

from callboard import Callboard

from benchmarks.figures import Figures, percentile
from benchmarks.traffic import Traffic

# As many calls as the queue takes: nothing is dropped, so every call does the whole work.
CALLS_PER_ROUND = 5_000
ROUNDS = 8
WARM_UPS = 2_000
PACE_SECONDS = 0.01
KEY = "cb_0123456789ab_" + "x" * 43 + "000000"
Messages = list[dict[str, str]]


def main() -> None:
    """Measure back to back, then paced."""
    orders = json.loads(sys.argv[1])
    client = Callboard(url=orders["url"], api_key=KEY, service_name="bench", prompt_dir="")
    call = traced(client)
    times(call, WARM_UPS)
    client.flush(10)
    before_mb = resident_mb()
    rounds: list[list[float]] = []
    for _ in range(max(1, min(ROUNDS, orders["calls"] // CALLS_PER_ROUND))):
        rounds.append(times(call, CALLS_PER_ROUND))
        client.flush(30)
    lost = client.stats()["spans_lost"]
    flood = times(call, max(0, orders["calls"] - len(rounds) * CALLS_PER_ROUND))
    client.flush(30)
    grown_mb = resident_mb() - before_mb
    paced = times(call, orders["paced_calls"], pace=PACE_SECONDS)
    bare = times(lambda messages: "", orders["paced_calls"], pace=PACE_SECONDS)
    dumped = times(json.dumps, orders["paced_calls"], pace=PACE_SECONDS)
    client.shutdown(10)
    figures: Figures = {
        "traced_call_us_p50": _median([percentile(times, 50) for times in rounds]),
        "traced_call_us_p99": _median([percentile(times, 99) for times in rounds]),
        "traced_call_us_max": round(max(map(max, rounds)), 1),
        "lost_in_measured_rounds": lost,
        "flooded_call_us_p50": round(percentile(flood, 50), 1),
        "flooded_call_us_p99": round(percentile(flood, 99), 1),
        "paced_call_us_p50": round(percentile(paced, 50), 1),
        "paced_call_us_p99": round(percentile(paced, 99), 1),
        # What a call that is not traced takes in the same rhythm: the machine waking up.
        "paced_bare_call_us_p50": round(percentile(bare, 50), 1),
        # And what writing the same messages as JSON takes: about five microseconds back to back.
        "paced_json_us_p50": round(percentile(dumped, 50), 1),
        "rss_growth_mb": round(grown_mb, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        **client.stats(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def traced(client: Callboard) -> Callable[[Messages], str]:
    """Return a traced function that takes and gives back about two kilobytes."""
    traffic = Traffic()
    answer = traffic.text(110)

    @client.observe(kind="llm")
    def reply(messages: Messages) -> str:
        return answer

    return reply


def times(call: Callable[[Messages], object], count: int, *, pace: float = 0.0) -> list[float]:
    """Return the microseconds of each call; with a pace, calls come one by one after a pause."""
    traffic = Traffic(seed=11)
    messages = [{"role": "system", "content": traffic.text(60)}, {"role": "user", "content": traffic.text(150)}]
    clock = time.perf_counter_ns
    times = []
    for _ in range(count):
        if pace:
            time.sleep(pace)
        began = clock()
        call(messages)
        times.append((clock() - began) / 1000)
    return times


def _median(values: list[float]) -> float:
    return round(percentile(values, 50), 1)


def resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    return pages * resource.getpagesize() / 1024**2


if __name__ == "__main__":
    main()
