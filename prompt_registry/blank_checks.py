"""Compares the blanks of two contents with what live applications really fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prompt_registry import rendering
from prompt_registry.callers import Caller, Traffic
from prompt_registry.contents import Message, PromptContent, Variable
from prompt_registry.findings import INFORMS, STOPS, TICK, Check

_NAMED = 3
_INSTRUCTION_ROLES = frozenset({"system", "developer"})
# Names that blanks have when somebody outside wrote what is put into them.
_BY_USERS = re.compile(
    r"(^|[_.-])(questions?|query|messages?|comments?|feedback|reviews?|complaint|reply|input|utterance|"
    r"(user|customer|e?mail|ticket|chat)_?(input|text|body|message|content|prompt))$"
)


def run(before: PromptContent | None, after: PromptContent, traffic: Traffic) -> Iterator[Check]:
    """Return what is found about blanks that came, that went, and that end users fill."""
    if before is not None:
        old, new = ({variable.name: variable for variable in content.variables} for content in (before, after))
        yield from (_added(new[name], traffic) for name in sorted(new.keys() - old.keys()))
        yield from (_removed(old[name], traffic) for name in sorted(old.keys() - new.keys()))
    known = set(_by_users_in_instructions(before)) if before else set()
    for name in _by_users_in_instructions(after):
        yield Check(
            INFORMS if name in known else TICK,
            f"The blank «{name}» looks like something users write, and it stands inside the instructions: a user could "
            "write instructions there. Put it into a message of its own («User says»).",
        )


def _removed(blank: Variable, traffic: Traffic) -> Check:
    name, senders = blank.name, [caller for caller in traffic.callers if blank.name in (caller.variables or ())]
    if senders and blank.required:
        return Check(
            STOPS,
            f"The blank «{name}» is gone, but {_who(senders)} still fills it. Put it back, or ask the team to change "
            "the application first.",
        )
    if senders:
        return Check(TICK, f"The optional blank «{name}» is gone; {_who(senders)} fills it, and that is ignored now.")
    if unsure := [caller for caller in traffic.callers if caller.variables is None]:
        return Check(
            TICK,
            f"The blank «{name}» is gone, and {_who(unsure)} does not say which blanks it fills. Ask the team whether it "
            "fills this one.",
        )
    return Check(INFORMS, f"The blank «{name}» is gone; what applications send for it is ignored.")


def _added(blank: Variable, traffic: Traffic) -> Check:
    name, lacking = blank.name, [caller for caller in traffic.callers if caller.lacks(blank.name)]
    if lacking and blank.required and not blank.sample:
        return Check(
            STOPS,
            f"The blank «{name}» is new and has no sample, and {_who(lacking)} does not fill it: the model would read the "
            f"words {{{{{name}}}}}. Ask the team to fill it first, or take it out.",
        )
    if lacking:
        return Check(
            TICK,
            f"The blank «{name}» is new, and {_who(lacking)} does not fill it yet. Until then the model reads the words "
            f"{{{{{name}}}}}.",
        )
    if traffic.callers and all(caller.variables is not None for caller in traffic.callers):
        return Check(INFORMS, f"The blank «{name}» is new, and every application that calls this fills it already.")
    return Check(
        TICK,
        f"The blank «{name}» is new: make sure that every application sends it first. "
        f"Until then the model reads the words {{{{{name}}}}}.",
    )


def _who(callers: list[Caller]) -> str:
    named = [f"{_called(caller)} ({_calls(caller.call_count)} in 24 hours)" for caller in callers[:_NAMED]]
    rest = len(callers) - len(named)
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named) + (
        f" and {rest} more" if rest else ""
    )


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"


def _called(caller: Caller) -> str:
    return f"the application {caller.service}" if caller.service else "an application without a name"


def _by_users_in_instructions(content: PromptContent) -> Iterator[str]:
    instructions = [
        message.content
        for message in content.messages
        if isinstance(message, Message) and message.role in _INSTRUCTION_ROLES
    ]
    for name in rendering.variables_in(instructions):
        if _BY_USERS.search(name.lower()):
            yield name
