"""Latency histograms as the usage tables keep them, and the percentiles read from them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitoring.usage_rates import Z95

# The same three numbers as latency_bucket() in migrations/monitoring/sql/tables.sql.
BASE = 1.04
SMALLEST_MS = 0.1
LAST_BUCKET = 500

_COUNT_BITS = 40
_COUNT_MASK = (1 << _COUNT_BITS) - 1
# One element as array_send() writes it: its length (always 8), then the number itself.
_SENT_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i8")])


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many durations fell into each logarithmic bucket; percentiles are at most 2 % off."""

    counts: npt.NDArray[np.int64]

    @property
    def total(self) -> int:
        """The number of durations."""
        return int(self.counts.sum())

    def percentile_ms(self, share: float) -> float | None:
        """Return the duration that `share` of all durations (0.95: 95 %) do not exceed; None without any."""
        total = self.total
        if not total:
            return None
        rank = max(1, math.ceil(share * total))
        return bucket_middle_ms(int(np.searchsorted(self.counts.cumsum(), rank)))

    def interval_ms(self, share: float) -> tuple[float, float] | None:
        """Return the 95 % interval of a percentile; None when there are too few durations to say.

        The ranks between which a quantile lies follow the binomial distribution whatever the durations look like:
        W. J. Conover, Practical Nonparametric Statistics (1999), section 3.2.
        """
        total = self.total
        spread = Z95 * math.sqrt(total * share * (1 - share))
        low, high = math.floor(total * share - spread), math.ceil(total * share + spread) + 1
        if low < 1 or high > total:
            return None
        edges = np.searchsorted(self.counts.cumsum(), [low, high])
        return bucket_middle_ms(int(edges[0])), bucket_middle_ms(int(edges[1]))

    def count_above_ms(self, duration_ms: float) -> int:
        """Return how many durations fell into buckets above the one of `duration_ms`."""
        return int(self.counts[bucket_of_ms(duration_ms) + 1 :].sum())


EMPTY = Histogram(np.zeros(LAST_BUCKET + 1, dtype=np.int64))


def bucket_middle_ms(bucket: int) -> float:
    """Return the geometric middle of a bucket; the lowest one holds everything up to 0.1 ms and answers with half of that."""
    return SMALLEST_MS * BASE ** (bucket - 0.5) if bucket > 0 else SMALLEST_MS / 2


def bucket_of_ms(duration_ms: float) -> int:
    """Return the bucket that the database puts a duration in."""
    if duration_ms <= SMALLEST_MS:
        return 0
    return min(LAST_BUCKET, math.ceil(math.log(duration_ms / SMALLEST_MS) / math.log(BASE)))


def from_packed(elements: Iterable[int]) -> Histogram:
    """Return the histogram of elements that pack a bucket (upper bits) and a count (lower 40 bits)."""
    return _from_array(np.fromiter(elements, dtype=np.int64))


def from_sent(sent: bytes | memoryview | None) -> Histogram:
    """Return the sum of histograms read as `string_agg(substr(array_send(latency), 21), '')`.

    The database glues the elements of many rows together without unpacking them, which is what makes reading a
    hundred thousand of them cheap; the 20 bytes left out are the header that array_send() writes.
    """
    return _from_array(np.frombuffer(sent or b"", dtype=_SENT_ELEMENT)["value"].astype(np.int64))


def _from_array(packed: npt.NDArray[np.int64]) -> Histogram:
    buckets = np.clip(packed >> _COUNT_BITS, 0, LAST_BUCKET)
    counts = np.bincount(buckets, weights=packed & _COUNT_MASK, minlength=LAST_BUCKET + 1)
    return Histogram(counts.astype(np.int64))
