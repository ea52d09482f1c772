"""What may be wrong with a call, one bit for each; the numbers are stored and never change their meaning."""

from __future__ import annotations

from enum import IntFlag


class Flag(IntFlag):
    """A detector's findings on one call; its name in lower case is the name of the detector and of the signal.

    Bit n is element n + 1 of an array of counts in the database.
    """

    REFUSED = 1 << 0
    UNSUPPORTED = 1 << 1
    INJECTION = 1 << 2
    TOXIC = 1 << 3
    LONG_WINDED = 1 << 4
    REPEATED = 1 << 5
    SLOW = 1 << 6
    LATE_START = 1 << 7
    FAILED = 1 << 8
    EMPTY = 1 << 9
    CUT_OFF = 1 << 10
    WRONG_LANGUAGE = 1 << 11
    BAD_FORMAT = 1 << 12
    LEAKED_DATA = 1 << 13
    FRUSTRATED = 1 << 14
    ASKED_AGAIN = 1 << 15
    CONTRADICTED = 1 << 16
    HIDDEN_INSTRUCTION = 1 << 17
    # No finding on one call, for one call in twenty has it; their rate tells when many became slower or dearer.
    SLOWER = 1 << 18
    LATER_START = 1 << 19
    DEARER = 1 << 20


BITS = 21
SHOWN = Flag(Flag.SLOWER - 1)
# Rates of these signals are counted by another bit than single calls are flagged by.
_COUNTED_BY = {"slow": Flag.SLOWER, "late_start": Flag.LATER_START, "dear": Flag.DEARER}


def bit_of(signal: str) -> Flag:
    """Return the bit that the rate of a signal is counted by; `disliked` has none, for that is what users say."""
    return _COUNTED_BY.get(signal) or Flag[signal.upper()]
