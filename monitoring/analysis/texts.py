"""The texts of a call that the detectors look at, part by part; the places of their evidence are places in these."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring import trace_messages, trace_prompts
from monitoring.analysis import surroundings
from monitoring.analysis.surroundings import Surroundings
from monitoring.kinds import Status
from monitoring.models import Span
from monitoring.trace_messages import Message, as_text

# More of a text is not looked at: one slow call must not hold up all others.
_MOST_INPUT, _MOST_CONTEXT, _MOST_OUTPUT, _MOST_ERROR, _MOST_GIVEN = 16_000, 24_000, 16_000, 4_000, 200_000
_MOST_TOOL_ANSWERS = 10
_BETWEEN = "\n\n"
# Blanks that hold what an answer must rest on, by the words of their names.
_CONTEXT_NAMES = re.compile(
    r"(?:^|[_.\-])(?:contexts?|documents?|docs?|sources?|passages?|knowledge|articles?|excerpts?|snippets?|chunks?|results?|retrieved"
    r"|references?|evidence|facts?|background|transcript|material|pages?)(?:$|[_.\-\d])",
    re.IGNORECASE,
)
_EXPECTED_NAMES = (
    "callboard.expected_output",
    "expected_output",
    "langfuse.experiment.item.expected_output",
    "expected",
)
_USER, _ASSISTANT, _TOOL = "user", "assistant", "tool"


@dataclass(frozen=True, slots=True)
class Parts:
    """The texts of a call: what the user wrote, what was given to rest on, what came out, what went wrong."""

    input: str
    context: str
    output: str
    error: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The parts of a call, and what else its messages and attributes tell.

    `documents` are the places of single documents in the context; `given` is all that the model was given, in any form.
    """

    parts: Parts
    documents: tuple[tuple[int, int], ...] = ()
    given: str = ""
    expected: str = ""
    refusal: str = ""
    finish_reason: str = ""
    error_type: str = ""
    status_code: int | None = None
    max_tokens: int | None = None
    calls_tools: bool = False
    is_follow_up: bool = False
    is_recorded: bool = False
    has_answer: bool = False
    has_searched: bool = False
    wants_json: bool = False


def parts(span: Span, around: Surroundings | None = None) -> Parts:
    """Return the parts of a call as the detectors saw them; what stood around it is read when it is not given."""
    return read(span, surroundings.of_call(span) if around is None else around).parts


def read(span: Span, around: Surroundings) -> Texts:
    """Return everything that the detectors look at in a call."""
    attributes = span.attribute_values()
    talk = trace_messages.conversation(span.input)
    answer = trace_messages.conversation(span.output)
    variables = trace_prompts.variables_of(span)
    context, places = _joined(_documents(variables, talk, around))
    message, error_type = _error(span, attributes)
    last = answer[-1] if answer else None
    return Texts(
        Parts(_input(span, talk, variables), context, _output(span, answer), _with_failures(message, around)),
        documents=places, given=f"{(span.input or '')[:_MOST_GIVEN]}\n{context}\n" + "\n".join(variables.values()),
        expected=_expected(span, attributes), refusal=_refusal(attributes),
        finish_reason=last.finish_reason if last else "", error_type=error_type,
        status_code=_number(attributes.get("http.response.status_code", attributes.get("http.status_code"))),
        max_tokens=_number(attributes.get("gen_ai.request.max_tokens")),
        calls_tools=bool(answer and any(one.tool_calls for one in answer)), is_follow_up=_is_follow_up(talk),
        is_recorded=span.input is not None or span.output is not None, has_answer=span.output is not None,
        has_searched=around.has_searched,
        wants_json=attributes.get("gen_ai.output.type") == "json",
    )  # fmt: skip


def given_documents(span: Span) -> str:
    """Return the documents that the call itself was given: those in its blanks and in its messages."""
    talk, variables = trace_messages.conversation(span.input), trace_prompts.variables_of(span)
    return _joined(_documents(variables, talk, surroundings.NONE))[0]


def _input(span: Span, talk: Sequence[Message] | None, variables: Mapping[str, str]) -> str:
    """Return what the user wrote: the blanks that are filled by hand, else the last words of the user."""
    filled = [
        value
        for name, value in variables.items()
        if not _CONTEXT_NAMES.search(name) and value.strip() and not _is_conversation(value)
    ]
    if filled:
        return "\n".join(filled)[:_MOST_INPUT]
    if talk is None:
        return (span.input or "")[:_MOST_INPUT]
    said = next((one.content for one in reversed(talk) if one.role == _USER and one.content.strip()), "")
    return said[:_MOST_INPUT]


def _is_conversation(value: str) -> bool:
    """Tell whether a blank was filled with earlier messages, or with none."""
    if not value.lstrip().startswith("["):
        return False
    found = trace_messages.loaded(value)
    return isinstance(found, list) and all(isinstance(one, dict) and "role" in one for one in found)


def _output(span: Span, answer: Sequence[Message] | None) -> str:
    if answer is None:
        return (span.output or "")[:_MOST_OUTPUT]
    return "\n".join(one.content for one in answer if one.content)[:_MOST_OUTPUT]


def _documents(variables: Mapping[str, str], talk: Sequence[Message] | None, around: Surroundings) -> list[str]:
    """Return what the answer should rest on, each document once."""
    found = [
        one for name, value in sorted(variables.items()) if _CONTEXT_NAMES.search(name)
        for one in surroundings.documents_in(value)
    ]  # fmt: skip
    answered = [one.content for one in talk or () if one.role == _TOOL and one.content.strip()]
    for content in answered[-_MOST_TOOL_ANSWERS:]:
        found += surroundings.documents_in(content)
    return [*found, *around.documents]


def _joined(documents: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    text, places = "", []
    for document in dict.fromkeys(one.strip() for one in documents):
        # What a tool found is often filled into the prompt as well.
        if not document or document in text:
            continue
        start = len(text) + len(_BETWEEN) if text else 0
        if start >= _MOST_CONTEXT:
            break
        text = (f"{text}{_BETWEEN}{document}" if text else document)[:_MOST_CONTEXT]
        places.append((start, len(text)))
    return text, tuple(places)


def _error(span: Span, attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Return the message and the type of the error that a call ended in; both empty when it did not fail."""
    if span.status != Status.ERROR:
        return "", ""
    error_type = as_text(attributes.get("error.type") or attributes.get("exception.type"))
    told = [span.status_message, as_text(attributes.get("exception.message"))]
    events = trace_messages.loaded(span.events)
    for event in events if isinstance(events, list) else ():
        details = event.get("attributes") if isinstance(event, dict) else None
        if isinstance(details, dict) and event.get("name") == "exception":
            told.append(as_text(details.get("exception.message")))
            error_type = error_type or as_text(details.get("exception.type"))
    message = max(told, key=len)
    return (message or error_type or "The call failed.")[:_MOST_ERROR], error_type


def _with_failures(message: str, around: Surroundings) -> str:
    return "\n".join([one for one in (message, *around.failures) if one])[:_MOST_ERROR]


def _expected(span: Span, attributes: Mapping[str, Any]) -> str:
    metadata = trace_messages.loaded(span.metadata)
    for holder in (attributes, metadata):
        if isinstance(holder, dict):
            for name in _EXPECTED_NAMES:
                if (value := holder.get(name)) not in (None, "", [], {}):
                    return as_text(value)[:_MOST_OUTPUT]
    return ""


def _refusal(attributes: Mapping[str, Any]) -> str:
    return next((as_text(value) for name, value in attributes.items() if name.endswith(".refusal") and value), "")


def _is_follow_up(talk: Sequence[Message] | None) -> bool:
    """Tell whether the user speaks after an answer."""
    roles = [one.role for one in talk or () if one.role in (_USER, _ASSISTANT)]
    return bool(roles) and roles[-1] == _USER and _ASSISTANT in roles


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) or (isinstance(value, str) and value.isdigit()) else None
