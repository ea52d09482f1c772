"""Gives memory that is free back to the machine; the C library keeps it otherwise."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return what was needed only while something was loaded; does nothing where the C library cannot."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
