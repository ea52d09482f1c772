"""Traces calls while the server is away, prints how much memory grew, and ends: its parent measures how long that takes."""

from __future__ import annotations

import json
import sys

from callboard import Callboard

from benchmarks.figures import Figures
from benchmarks.sdk_calls import KEY, WARM_UPS, resident_mb, times, traced

# Twice as many as the queue holds.
FILLING = 20_000


def main() -> None:
    """Fill the queue, and go on calling."""
    orders = json.loads(sys.argv[1])
    client = Callboard(url=orders["url"], api_key=KEY, service_name="bench", prompt_dir="")
    call = traced(client)
    times(call, min(WARM_UPS, orders["calls"]))
    before_mb = resident_mb()
    times(call, min(FILLING, orders["calls"]))
    full_mb = resident_mb()
    times(call, max(0, orders["calls"] - FILLING))
    after_mb = resident_mb()
    figures: Figures = {
        "rss_growth_mb": round(after_mb - before_mb, 1),
        "rss_growth_mb_once_full": round(after_mb - full_mb, 1),
        "spans_lost": client.stats()["spans_lost"],
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
