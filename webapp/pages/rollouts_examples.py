"""Calls of a rollout that people disliked, of each side, as they can be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitoring import prompt_calls, trace_messages
from monitoring.kinds import Arm
from monitoring.models import Trace
from monitoring.prompt_calls import PromptCall
from prompt_registry.models import Rollout

_MOST = 3
_MOST_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Example:
    """What one person asked and was answered."""

    trace: str
    at: datetime
    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Side:
    """One version with its newest disliked calls; `arm` is how the trace list calls this side."""

    number: int
    arm: str
    examples: list[Example]


def disliked(rollout: Rollout) -> list[Side]:
    """Return both sides, the version until now first."""
    return [
        Side(rollout.control.number, "control", _examples(rollout, Arm.CONTROL)),
        Side(rollout.candidate.number, "candidate", _examples(rollout, Arm.CANDIDATE)),
    ]


def _examples(rollout: Rollout, arm: Arm) -> list[Example]:
    traces = Trace.objects.for_project(rollout.project).filter(rollout_id=rollout.pk, arm=arm, thumbs_down__gt=0)
    ids = list(traces.newest_first().values_list("trace_id", flat=True)[:_MOST])
    calls = prompt_calls.of_traces(project=rollout.project, prompt_name=rollout.prompt.name, trace_ids=ids)
    return [_example(call) for call in calls]


def _example(call: PromptCall) -> Example:
    return Example(call.trace_id.hex, call.at, _last("user", call.input), _last("assistant", call.output))


def _last(role: str, stored: str | None) -> str:
    """Return the last thing that this side said; a text that is no conversation, as it is."""
    messages = trace_messages.conversation(stored)
    if messages is None:
        return trace_messages.as_text(trace_messages.json_or_text(stored))[:_MOST_CHARACTERS]
    said = [message.content for message in messages if message.role == role]
    return said[-1][:_MOST_CHARACTERS] if said else ""
