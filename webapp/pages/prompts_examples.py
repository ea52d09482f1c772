"""Beside the draft: a real call of the prompt with the answer it got, who fills which blank, and what answers cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone

from monitoring import prompt_calls, trace_messages, usage
from monitoring.issues import fixes
from monitoring.issues.models import Issue
from monitoring.prompt_calls import PromptCall, Which
from monitoring.trace_messages import Message
from prompt_registry.contents import PromptContent
from prompt_registry.estimates import Expected
from prompt_registry.models import Prompt

MOST_EXAMPLES = 20
MOST_CHARACTERS = 20_000
_LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Example:
    """The call that is shown, as the one of so many; without a call when nobody made or disliked one."""

    call: PromptCall | None = None
    place: int = 0
    count: int = 0
    is_only_disliked: bool = False
    # Whose fix the examples are of; 0 when they are the prompt's own.
    issue: int = 0

    @property
    def values(self) -> Mapping[str, str]:
        return self.call.variables if self.call else {}

    @property
    def answer(self) -> list[Message]:
        """What the model said, cut where it is endless."""
        output = self.call.output if self.call else None
        found = trace_messages.conversation(output)
        if found is None:
            text = trace_messages.as_text(trace_messages.json_or_text(output))
            found = [Message("assistant", text)] if text else []
        return [Message(one.role, one.content[:MOST_CHARACTERS], tool_calls=one.tool_calls) for one in found]


def choose(prompt: Prompt, asked: QueryDict) -> Example:
    """Return the call that the form asks for: the one shown before, the next or the previous; disliked ones come first."""
    is_only_disliked = "example-disliked" in asked
    issue = _issue_number(asked)
    found = _of_issue(prompt, issue) if issue else []
    if not found:
        issue, found = 0, _traces(prompt, is_only_disliked)
    if not found:
        return Example(is_only_disliked=is_only_disliked)
    shown = asked.get("example", "")
    at = next((place for place, trace_id in enumerate(found) if trace_id.hex == shown), 0)
    at = (at + {"next": 1, "previous": -1}.get(asked.get("example-step", ""), 0)) % len(found)
    call = prompt_calls.of_trace(project=prompt.project, prompt_name=prompt.name, trace_id=found[at])
    return Example(call, at + 1, len(found), is_only_disliked, issue)


def expected(prompt: Prompt, content: PromptContent) -> Expected:
    """Return which model answers and how long its answers are: as in the last 30 days, otherwise as long as allowed."""
    now = timezone.now()
    seen = usage.by_model(project=prompt.project, start=now - _LOOK_BACK, end=now, prompt_name=prompt.name)
    seen = [row for row in seen if row.model and row.call_count]
    model = content.settings.model or (seen[0].model if seen else "")
    same = [row for row in seen if row.model == model] or seen
    calls, longest = sum(row.call_count for row in same), content.settings.max_tokens or 0
    length = round(sum(row.output_tokens for row in same) / calls) if calls else 0
    if not length:
        return Expected(model, longest)
    return Expected(model, min(length, longest) if longest else length, is_from_traffic=True)


def _issue_number(asked: QueryDict) -> int:
    number = asked.get("issue", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0


def _of_issue(prompt: Prompt, number: int) -> list[UUID]:
    """Return the examples of the issue's fix, those with the problem first."""
    issue = Issue.objects.filter(project_id=prompt.project_id, number=number).first()
    fix = fixes.current(issue) if issue is not None else None
    chosen = sorted(fix.examples, key=lambda one: not one[2]) if fix is not None else []
    return list(dict.fromkeys(UUID(hex=one[0]) for one in chosen))


def _traces(prompt: Prompt, is_only_disliked: bool) -> list[UUID]:
    disliked, newest = (
        prompt_calls.traces_of(project=prompt.project, prompt_name=prompt.name, which=which, limit=MOST_EXAMPLES)
        if which == Which.DISLIKED or not is_only_disliked else []
        for which in (Which.DISLIKED, Which.NEWEST)
    )  # fmt: skip
    return list(dict.fromkeys([*disliked, *newest]))[:MOST_EXAMPLES]
