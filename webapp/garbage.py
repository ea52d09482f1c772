"""How a process that answers people collects its garbage: rarely, and never for long."""

from __future__ import annotations

import gc


def calm() -> None:
    """Set aside what is there now, so that no answer waits for a look at all of it."""
    gc.collect()
    gc.freeze()
    # With 100,000 every 270th answer took 70 ms longer.
    gc.set_threshold(10_000, 20, 100)
