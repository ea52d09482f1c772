"""The docked panel: everything about the step somebody chose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from monitoring import trace_messages, trace_prompts, trace_reading
from monitoring.kinds import Kind, Mark
from monitoring.models import Span, Trace
from monitoring.trace_messages import Message
from monitoring.trace_prompts import SentPrompt
from monitoring.trace_settings import settings_of
from projects.models import Project
from webapp import formats, highlights
from webapp.highlights import Evidence, Stretch
from webapp.pages import traces_findings, traces_texts
from webapp.pages.traces_findings import Findings
from webapp.pages.traces_links import trace_url
from webapp.pages.traces_texts import LONG, SHORT, Conversation, Text

MARK_WORDS = {
    Mark.CLEANED: ("cleaned", "Characters that cannot be stored were replaced."),
    Mark.TRUNCATED: ("cut", "A value was longer than the limit; its end was cut off on arrival."),
    Mark.CLOCK_OFF: (
        "clock off",
        "The sender's clock is far from ours, so the list sorts this step by when it arrived.",
    ),
    Mark.NEGATIVE_DURATION: (
        "ends before it starts",
        "The sender reported an end before the start; the duration counts as 0.",
    ),
    Mark.MASKED: ("masked", "Sensitive data was replaced before the step was stored; nobody can bring it back."),
    Mark.WITHHELD: (
        "withheld",
        "Fields were left out before the step was stored, as the privacy settings of the project say.",
    ),
    Mark.MERGED: ("merged", "The same step was sent twice with different content; both were put together."),
    Mark.BACKGROUND: (
        "on the way",
        "A request to a server or database that a library recorded; only its name and its times are kept.",
    ),
}
_PARTS = {"input": "Input", "output": "Output", "attributes": "Attributes", "events": "Events", "metadata": "Metadata"}
PARTS = tuple(_PARTS)
_EVIDENCE_IN = {"input": ("input", "context"), "output": ("output",)}


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    view: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One stored text of a step as it is shown."""

    label: str
    text: Text
    download_url: str
    # The text cut at the evidence of findings; empty when none stands in it.
    stretches: list[Stretch]


@dataclass(frozen=True, slots=True)
class Failure:
    """What the exception said."""

    type: str
    message: str
    stack: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One step, ready to be shown; only the parts of the chosen view are filled."""

    span: Span
    kind: str
    view: str
    tabs: list[Tab]
    facts: list[tuple[str, str]]
    marks: list[tuple[str, str]]
    failures: list[Failure]
    full_url: str
    findings: Findings | None = None
    conversation: Conversation | None = None
    lines: tuple[tuple[Message, list[Stretch]], ...] = ()
    parts: tuple[Part, ...] = ()
    sent: SentPrompt | None = None
    settings: tuple[tuple[str, str], ...] = ()


def build(*, project: Project, trace: Trace, span: Span, view: str, is_full: bool) -> Panel:
    """Return the panel of a step in one of its views."""
    views = _views(span)
    chosen = view if view in views else next(iter(views))
    limit = LONG if is_full else SHORT
    findings = traces_findings.build(project=project, span=span) if span.is_call else None
    evidence = findings.evidence if findings else []
    tabs = [Tab(label, name, _url(project, trace, span, name), name == chosen) for name, label in views.items()]
    fill: dict[str, Callable[[], dict[str, Any]]] = {
        "conversation": lambda: _conversation(project, trace, span, limit, evidence),
        "sent": lambda: {"sent": trace_prompts.of_call(span)},
        "settings": lambda: {"settings": tuple(_settings(span))},
        "raw": lambda: {"parts": _parts(project, trace, span, PARTS, limit, evidence)},
    }
    return Panel(
        span=span, kind=Kind(span.kind).label if span.kind in list(Kind) else "other", view=chosen, tabs=tabs,
        facts=_facts(trace, span), marks=_marks(span), findings=findings, failures=_failures(span, limit),
        full_url="" if is_full else _url(project, trace, span, chosen, full=1), **fill[chosen](),
    )  # fmt: skip


def _views(span: Span) -> dict[str, str]:
    views = {"conversation": "Conversation" if span.is_call else "In and out"}
    if span.prompt_name:
        views["sent"] = "What was sent"
    if span.is_call or span.kind == Kind.EMBEDDING:
        views["settings"] = "Settings"
    return views | {"raw": "Raw"}


def _url(project: Project, trace: Trace, span: Span, view: str, **query: object) -> str:
    return trace_url(project, trace.hex_id, span=span.hex_id, view=view, **query)


def _facts(trace: Trace, span: Span) -> list[tuple[str, str]]:
    own = trace_reading.own_time_ns(trace, span)
    facts = [
        ("Began", f"+{formats.duration_ms(max(0, span.start_ns - trace.start_ns) / 1e6)}"),
        ("Took", formats.duration_ms(span.duration_ms)),
    ]
    if own < span.duration_ns:
        facts.append(("of it itself", formats.duration_ms(own / 1e6)))
    if span.ttft_ns is not None:
        facts.append(("First words after", formats.duration_ms(span.ttft_ns / 1e6)))
    if span.input_tokens is not None or span.output_tokens is not None:
        facts.append(("Tokens", f"{formats.full_count(span.input_tokens)} → {formats.full_count(span.output_tokens)}"))
    if span.cost_nano_usd is not None or span.is_call:
        facts.append(("Cost", formats.usd(span.cost_usd)))
    return [*facts, *([("Model", span.model)] if span.model else [])]


def _marks(span: Span) -> list[tuple[str, str]]:
    return [words for mark, words in MARK_WORDS.items() if span.marks & mark]


def _failures(span: Span, limit: int) -> list[Failure]:
    """Return the exceptions among the events of a step; a failed step without any shows its status message."""
    found = []
    for event in _events(span):
        values = event.get("attributes")
        if event.get("name") == "exception" and isinstance(values, dict):
            texts = (
                trace_messages.as_text(values.get(f"exception.{name}"))[:limit]
                for name in ("type", "message", "stacktrace")
            )
            found.append(Failure(*texts))
    if not found and span.is_error:
        found.append(Failure("", span.status_message or "The application reported no reason.", ""))
    return found[:5]


def _events(span: Span) -> list[dict[str, Any]]:
    events = trace_messages.loaded(span.events)
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def _conversation(
    project: Project, trace: Trace, span: Span, limit: int, evidence: Sequence[Evidence]
) -> dict[str, Any]:  # fmt: skip
    asked, answered = (trace_messages.conversation(text) for text in (span.input, span.output))
    messages = [*(asked or []), *(answered or [])]
    # What is not a conversation is shown as it is: a call cut off on arrival, or a step that is no call.
    plain = [name for name, read in (("input", asked), ("output", answered)) if read is None and getattr(span, name)]
    talk = traces_texts.last_words(messages, limit=limit) if messages else None
    return {
        "conversation": talk, "lines": _lines(talk, len(answered or []), evidence) if talk else (),
        "parts": _parts(project, trace, span, plain, limit, evidence),
    }  # fmt: skip


def _lines(
    talk: Conversation, answered: int, evidence: Sequence[Evidence]
) -> tuple[tuple[Message, list[Stretch]], ...]:  # fmt: skip
    """Return the messages with the evidence in them: the last ones were answered, those before them sent."""
    first_answer = len(talk.messages) - answered
    found = []
    for place, message in enumerate(talk.messages):
        parts = ("output",) if place >= first_answer else ("input", "context")
        found.append((message, highlights.stretches(message.content, highlights.of_part(evidence, *parts))))
    return tuple(found)


def _parts(
    project: Project, trace: Trace, span: Span, names: Any, limit: int, evidence: Sequence[Evidence]
) -> tuple[Part, ...]:  # fmt: skip
    found = []
    for name in names:
        if text := getattr(span, name):
            shown = traces_texts.pretty(text, limit=limit)
            of_it = highlights.of_part(evidence, *_EVIDENCE_IN.get(name, ()))
            url = _download_url(project, trace, span, name)
            found.append(Part(_PARTS[name], shown, url, highlights.stretches(shown.shown, of_it)))
    return tuple(found)


def _download_url(project: Project, trace: Trace, span: Span, name: str) -> str:
    return reverse("span-text", args=[project.slug, trace.hex_id, span.hex_id, name])


def _settings(span: Span) -> list[tuple[str, str]]:
    """Return what the application asked of the model, and what the provider said about its answer."""
    values = span.attribute_values()
    found = [(name.replace("_", " "), _in_words(value)) for name, value in settings_of(values).items()]
    counted = {
        "tokens read from the cache": span.cache_read_tokens, "tokens written to the cache": span.cache_write_tokens,
        "tokens spent on reasoning": span.reasoning_tokens,
    }  # fmt: skip
    found += [(label, formats.full_count(count)) for label, count in counted.items() if count is not None]
    answered = {
        "provider": span.provider, "answered by": span.model, "answer id": values.get("gen_ai.response.id"),
        "finished because": values.get("gen_ai.response.finish_reasons"),
    }  # fmt: skip
    return found + [(label, _in_words(value)) for label, value in answered.items() if value]


def _in_words(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)[:SHORT]
    return trace_messages.as_text(value)[:SHORT]
