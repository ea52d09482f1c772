"""Which calls something is about: the part of the traffic, and what is bad about some of its calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitoring.analysis.flags import SHOWN, Flag, bit_of

DISLIKED, DEAR = "disliked", "dear"
# Everything that may be bad about a call.
SIGNALS = (DISLIKED, DEAR, *(str(flag.name).lower() for flag in Flag if flag in SHOWN))


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of a project's traffic and one signal; what is not named may be anything. Blind to version and arm."""

    signal: str
    cluster_id: int | None = None
    prompt_name: str = ""
    model: str = ""
    environment: str = ""

    def calls(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL condition on rows `a` of call_analysis that holds for the part of the traffic, with its values."""
        wanted = {
            "cluster_id": self.cluster_id, "prompt_name": self.prompt_name, "model": self.model,
            "environment": self.environment,
        }  # fmt: skip
        named = {column: value for column, value in wanted.items() if value not in (None, "")}
        return " AND ".join(f"a.{column} = %(scope_{column})s" for column in named) or "true", {
            f"scope_{column}": value for column, value in named.items()
        }


def is_bad(signal: str) -> str:
    """Return the SQL that tells whether a row `a` of call_analysis is bad by this signal; it has no values."""
    if signal == DISLIKED:
        return "EXISTS (SELECT FROM trace t WHERE t.project_id = a.project_id AND t.trace_id = a.trace_id AND t.thumbs_down > 0)"
    # The first half is what the index of calls with findings holds for: few calls are looked at where only bad ones are wanted.
    return f"(a.flags <> 0 AND a.flags & {int(bit_of(signal))} <> 0)"
