"""What must be in Callboard after an application of tests/compat ran: the same for every SDK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitoring.ingest import langfuse_ids
from monitoring.models import Score, Span, Trace, span_number
from projects import keys, members
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import contents, labels, prompts, versions
from prompt_registry.models import PRODUCTION, Prompt
from tests.projects.factories import make_project, make_user

STEPS = {"search", "cache miss", "answer", "notify"}
CONFIG = {"model": "gpt-4o-mini", "temperature": 0.2, "languages": ["en", "de"]}


@dataclass(frozen=True)
class Stage:
    """A project as a team has it: a key for the application, a prompt that a person published."""

    project: Project
    key_id: str
    plain_key: str


def set_up() -> Stage:
    """Return a new project that is ready for an application."""
    approver: User = make_user()
    project = make_project()
    members.add(project=project, user=approver, role=Role.APPROVER)
    prompt = prompts.create(project=project, name="support/greeting", type="text", by=approver)
    version = versions.save(
        prompt=prompt, content=contents.parse({"type": "text", "text": "Hello {{name}}!"}), by=approver
    )
    labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=approver)
    key, plain = keys.create(project=project, name="compat", scopes=list(Scope))
    return Stage(project, key.key_id, plain)


def told(facts: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what the application saw, beside what it should have seen."""
    asked = [message["content"] for message in facts["compiled"]]
    return {
        "the published prompt": (facts["greeting"], "Hello Ada!"),
        "the compiled prompt": ((asked[0], asked[-1]), ("Answer Ada kindly.", "Where is my order?")),
        "the config": (facts["config"], CONFIG),
        "publishing is refused": (facts["refused"], True),
    }


def stored(project: Project, facts: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what was stored whatever the attributes mean, beside what should have been."""
    trace = Trace.objects.filter(project=project, trace_id=_uuid(facts["trace"])).first()
    assert trace is not None, "the trace is missing"
    spans = {span.name: span for span in Span.objects.of_trace(trace)}
    prompt = Prompt.objects.get(project=project, name="compat/answer")
    number = span_number(langfuse_ids.span_id(facts["generation"]).hex())
    scores = Score.objects.filter(project=project, trace_id=trace.trace_id)
    return {
        "the steps": (STEPS - set(spans), set()),
        "the root": (trace.name, "support chat"),
        "what is below the search": (spans["cache miss"].parent_span_id, spans["search"].span_id),
        "what is below the root": ({spans[name].parent_hex_id for name in ("search", "answer")}, {_root(trace).hex_id}),
        "the id of the call": (spans["answer"].span_id, number),
        "the decorated trace": (Trace.objects.filter(project=project, trace_id=_uuid(facts["decorated_trace"])).count(), 1),
        "the versions": (list(prompt.versions.values_list("number", flat=True)), [1]),
        "the labels": (set(prompt.labels.values_list("name", flat=True)), {"staging", "tested"}),
        "the tags": (prompt.tags, ["compat"]),
        "the scores": (
            {(score.name, score.data_type, score.value, score.string_value, score.span_id) for score in scores},
            {
                ("helpful", "boolean", 1.0, None, None), ("accuracy", "number", 0.9, None, number),
                ("tone", "category", None, "warm", None),
            },
        ),
        "scores that wait for their call": (scores.filter(joined_at=None).count(), 0),
    }  # fmt: skip


def understood(project: Project, facts: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what Callboard made of the attributes, beside what they mean."""
    trace = Trace.objects.get(project=project, trace_id=_uuid(facts["trace"]))
    spans = {span.name: span for span in Span.objects.of_trace(trace)}
    call, notify = spans["answer"], spans["notify"]
    decorated = Trace.objects.get(project=project, trace_id=_uuid(facts["decorated_trace"]))
    return {
        "the person and the session": ((trace.user_id, trace.session_id[:8]), ("ada", "session-")),
        "the call's kind and model": ((call.is_call, call.model), (True, "gpt-4o-mini")),
        "the call's tokens": ((call.input_tokens, call.output_tokens, call.cache_read_tokens), (24, 8, 4)),
        "the call's price": (bool(call.cost_nano_usd), True),
        "the call's prompt": ((call.prompt_name, call.prompt_version), ("compat/answer", 1)),
        "what was asked": ("Where is my order?" in (call.input or ""), True),
        "what was answered": (call.output_preview, "It arrives tomorrow."),
        "the failed step": ((notify.is_error, notify.status_message), (True, "mail server is down")),
        "the trace's words": (("Where is my order?" in trace.input_preview, trace.output_preview), (True, "It arrives tomorrow.")),
        "the decorated call": ((decorated.call_count, decorated.user_id, decorated.input_tokens), (1, "ada", 3)),
    }  # fmt: skip


def counted(project: Project) -> list[tuple[int, ...]]:
    """Return what lists and dashboards count."""
    traces = Trace.objects.filter(project=project).order_by("trace_id")
    sums = traces.values_list(
        "span_count", "call_count", "error_count", "input_tokens", "output_tokens", "cost_nano_usd"
    )
    return [*sums, (Score.objects.filter(project=project).count(),)]


def differences(claims: dict[str, tuple[Any, Any]]) -> list[str]:
    """Return a sentence for each claim that does not hold."""
    return [
        f"{name}: found {found!r}, expected {wanted!r}" for name, (found, wanted) in claims.items() if found != wanted
    ]


def _root(trace: Trace) -> Span:
    return Span.objects.of_trace(trace).get(parent_span_id=None)


def _uuid(text: str) -> str:
    return langfuse_ids.trace_id(text).hex()
