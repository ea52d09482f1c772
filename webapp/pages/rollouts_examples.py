"""Calls of a rollout as they can be read: those that people disliked, and what both versions answered to one question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitoring import prompt_calls, rollout_pairs, trace_messages
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What one version answered, with whether somebody disliked it."""

    number: int
    example: Example
    is_disliked: bool


@dataclass(frozen=True, slots=True)
class ShownPair:
    """One pair of calls among several, and whether both were asked the very same."""

    place: int
    count: int
    is_same: bool
    answers: list[Answer]

    @property
    def before(self) -> int:
        """The pair before this one, the last one before the first."""
        return self.place - 1 or self.count

    @property
    def after(self) -> int:
        return self.place % self.count + 1


def pair(rollout: Rollout, place: int) -> ShownPair | None:
    """Return one pair of both versions' answers to a question, counted from 1; None where there is none."""
    found = rollout_pairs.of(project=rollout.project, rollout_id=rollout.pk)
    if not found:
        return None
    place = min(max(place, 1), len(found))
    chosen = found[place - 1]
    calls = prompt_calls.of_traces(
        project=rollout.project, prompt_name=rollout.prompt.name, trace_ids=[chosen.control, chosen.candidate]
    )
    known = {call.trace_id: _example(call) for call in calls}
    sides = (
        (rollout.control.number, chosen.control, chosen.is_control_disliked),
        (rollout.candidate.number, chosen.candidate, chosen.is_candidate_disliked),
    )
    answers = [Answer(number, known[trace], is_bad) for number, trace, is_bad in sides if trace in known]
    return ShownPair(place, len(found), chosen.is_same, answers) if len(answers) == len(sides) else None


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
