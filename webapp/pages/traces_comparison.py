"""Two traces side by side: what was asked and answered word by word, the prompt version, the settings and the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from monitoring import input_texts, trace_messages, trace_pairs, trace_reading
from monitoring.analysis import flagged
from monitoring.kinds import Kind
from monitoring.models import Span, Trace
from monitoring.trace_settings import settings_of
from projects.models import Project
from projects.roles import Action
from prompt_registry import diffs
from prompt_registry.diffs import Piece
from prompt_registry.models import Prompt
from webapp import formats
from webapp.access import ProjectRequest, one, requires
from webapp.pages import findings_words, traces_links
from webapp.render import render_page

# Longer texts are compared as far as this: a person reads the rest on the pages of the traces.
MOST_CHARS = 20_000
_OFFERED = 12
# So far away in time one looks for others that were asked the same way.
_RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two traces with its last call, as far as it has one."""

    trace: Trace
    call: Span | None
    flags: list[str]
    url: str

    @property
    def asked(self) -> str:
        return "\n".join(input_texts.of_call(self.call))[:MOST_CHARS] if self.call else self.trace.input_preview

    @property
    def answered(self) -> str:
        if self.call is None:
            return self.trace.output_preview
        talk = trace_messages.conversation(self.call.output)
        return (talk[-1].content if talk else self.call.output or "")[:MOST_CHARS]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparison."""

    label: str
    before: str
    after: str

    @property
    def is_same(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Words:
    """A text of both sides: the words that one leaves out and the other adds; none where they are the same."""

    title: str
    before: str
    after: str

    @property
    def is_same(self) -> bool:
        return self.before == self.after

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return diffs.words(self.before, self.after)


@requires(Action.READ_TRACES)
def compare(request: ProjectRequest) -> HttpResponseBase:
    """Compare the first two of the chosen traces, the earlier one on the left; for one alone ask which other."""
    traces = _chosen(request)
    if len(traces) == 1:
        return _choose(request, traces[0])
    if not traces:
        return redirect(f"{reverse('explore', args=[request.project.slug])}?view=all")
    first, second = (_side(request.project, trace) for trace in traces)
    context = {
        "page_title": "Two traces", "first": first, "second": second, "facts": _facts(first, second),
        "texts": [Words("Asked", first.asked, second.asked), Words("Answered", first.answered, second.answered)],
        "prompt_url": _prompt_url(request.project, first.trace, second.trace), **_steps(first.trace, second.trace),
    }  # fmt: skip
    return render_page(request, "traces/comparison.html", context, section="explore")


def _choose(request: ProjectRequest, trace: Trace) -> HttpResponseBase:
    """Offer the traces that a trace is most likely compared with."""
    before, after = trace_reading.beside_in_session(trace)
    alike = Trace.objects.for_project(request.project).exclude(trace_id=trace.trace_id).newest_first()
    alike = alike.filter(prompt_name=trace.prompt_name) if trace.prompt_name else alike.filter(name=trace.name)
    recent = alike.filter(started_at__gte=trace.started_at - _RECENT, started_at__lte=trace.started_at + _RECENT)
    offered = [one for one in (before, after) if one]
    known = {one.trace_id for one in offered}
    offered += [one for one in recent[:_OFFERED] if one.trace_id not in known]
    context = {"page_title": "Compare with", "trace": trace, "offered": offered[:_OFFERED]}
    return render_page(request, "traces/comparison_choice.html", context, section="explore")


def _steps(first: Trace, second: Trace) -> dict[str, Any]:
    """Return the steps of both side by side, when there are any beside the calls that are compared anyway."""
    if max(first.span_count, second.span_count) < 2:
        return {"pairs": [], "steps_differ": 0}
    branches = [trace_reading.skeleton(trace).branches for trace in (first, second)]
    pairs = trace_pairs.side_by_side(*branches)
    return {
        "pairs": pairs, "steps_differ": sum(not pair.is_same for pair in pairs),
        "are_steps_cut": any(len(one) > trace_pairs.MOST_STEPS for one in branches),
    }  # fmt: skip


def _chosen(request: ProjectRequest) -> list[Trace]:
    try:
        wanted = list(dict.fromkeys(UUID(hex=text) for text in request.GET.getlist("chosen")))[:2]
    except ValueError:
        raise Http404 from None
    rows = Trace.objects.for_project(request.project)
    return sorted((one(rows, trace_id=trace_id) for trace_id in wanted), key=lambda trace: trace.started_at)


def _side(project: Project, trace: Trace) -> Side:
    calls = Span.objects.of_trace(trace).filter(kind=Kind.LLM)
    flags = flagged.of_traces(project_id=project.pk, traces=[trace]).get(trace.trace_id, [])
    return Side(
        trace, calls.order_by("-start_ns", "-span_id").first(), flags, traces_links.trace_url(project, trace.hex_id)
    )


def _facts(first: Side, second: Side) -> list[Fact]:
    numbers = [_numbers(side) for side in (first, second)]
    settings = [_settings(side) for side in (first, second)]
    names = dict.fromkeys([*settings[0], *settings[1]])
    return [
        *(Fact(label, before, numbers[1][label]) for label, before in numbers[0].items()),
        *(Fact(name.replace("_", " ").capitalize(), *(each.get(name, "–") for each in settings)) for name in names),
    ]


def _numbers(side: Side) -> dict[str, str]:
    trace, call = side.trace, side.call
    version = f" v{trace.prompt_version}" if trace.prompt_version else ""
    cost, soonest = trace.cost_usd, call.ttft_ns if call else None
    return {
        "Prompt": f"{trace.prompt_name}{version}" if trace.prompt_name else "–",
        "Model": trace.model or "–",
        "Outcome": f"{formats.full_count(trace.error_count)} failed" if trace.has_errors else "no errors",
        "Found": ", ".join(findings_words.title(name) for name in side.flags) or "nothing",
        "Thumbs": f"{trace.thumbs_up} up, {trace.thumbs_down} down",
        "Took": formats.duration_ms(trace.duration_ms),
        "First words after": formats.duration_ms(soonest / 1e6) if soonest else "–",
        "Cost": "price unknown" if cost is None else formats.usd(cost),
        "Tokens": f"{formats.full_count(trace.input_tokens)} in, {formats.full_count(trace.output_tokens)} out",
        "Calls and steps": f"{formats.full_count(trace.call_count)}, {formats.full_count(trace.span_count)}",
        "Environment": trace.environment, "App": f"{trace.service} {trace.release}".strip() or "–",
        "User": trace.user_id or "–",
    }  # fmt: skip


def _settings(side: Side) -> dict[str, str]:
    told: dict[str, Any] = settings_of(side.call.attribute_values()) if side.call else {}
    return {name: str(value)[:200] for name, value in told.items() if name != "model"}


def _prompt_url(project: Project, first: Trace, second: Trace) -> str:
    """Return the address that compares the two versions, when both traces used one prompt of the project in two versions."""
    versions = sorted({first.prompt_version, second.prompt_version})
    if first.prompt_name != second.prompt_name or len(versions) < 2 or not versions[0]:
        return ""
    prompt = Prompt.objects.for_project(project).filter(name=first.prompt_name).first()
    if prompt is None:
        return ""
    query = urlencode({"from": versions[0], "to": versions[1]})
    return f"{reverse('prompt-compare', args=[project.slug, prompt.pk])}?{query}"


urlpatterns: list[URLPattern] = [path("explore/compare/", compare, name="explore-compare")]
