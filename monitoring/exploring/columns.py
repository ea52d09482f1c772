"""The columns of the list of traces, in the order they stand; the question is always there, for it leads to the trace."""

from __future__ import annotations

from collections.abc import Iterable

LABELS = {
    "answer": "Answer", "flags": "What was found", "prompt": "Prompt", "model": "Model", "latency": "Took",
    "first_token": "First words after", "tokens": "Tokens", "cost": "Cost", "user": "User", "session": "Session",
    "release": "Release", "environment": "Environment", "scores": "Feedback and scores", "time": "Started",
}  # fmt: skip
DEFAULT = ("answer", "flags", "prompt", "model", "latency", "tokens", "cost", "scores", "environment", "time")


def checked(names: Iterable[object]) -> list[str]:
    """Return those names that are columns, once each, in the order of the list."""
    wanted = set(map(str, names))
    return [name for name in LABELS if name in wanted]
