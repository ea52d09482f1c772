"""Randomness that keeps processes from doing the same thing at the same moment."""

import os
import random

_random = random.Random()  # noqa: S311 - spreads moments apart, protects nothing
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def chance() -> float:
    """Return a random number between 0 and 1."""
    return _random.random()
