"""Two versions of a prompt in production over the same time: what each does, and by how much they differ for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from monitoring import usage
from monitoring.dashboards import versions
from monitoring.dashboards.version_differences import FEWEST_UNITS, Difference
from monitoring.dashboards.versions import Comparison
from monitoring.exploring import language
from monitoring.exploring.terms import term
from monitoring.trace_volume import TookTooLong
from monitoring.usage import Usage
from projects.roles import Action
from webapp import charts, formats
from webapp.access import ProjectRequest, requires
from webapp.pages import dashboards_chart, traces_links
from webapp.pages.prompts_form import number_in
from webapp.render import render_page


@dataclass(frozen=True, slots=True)
class Words:
    """How a number is told: its name, its values, its differences, and whether more of it is worse."""

    label: str
    value: Callable[[float], str]
    change: Callable[[float], str]
    is_bad: bool | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One number of both versions and their difference, in words and as a picture."""

    label: str
    first: str
    second: str
    out_of: str
    difference: str
    verdict: str
    # good, bad, or nothing.
    tone: str
    picture: SafeString


def _points(share: float) -> str:
    return f"{share * 100:+.1f} points".replace("-", "−")


def _percent_longer(logarithm: float) -> str:
    return formats.change(math.expm1(min(logarithm, 20.0)))


def _usd(amount: float) -> str:
    return f"{'+' if amount > 0 else ''}{formats.usd(amount)}"


def _plain(amount: float) -> str:
    return f"{amount:+.3g}".replace("-", "−")


def _typical(logarithm: float) -> str:
    return formats.duration_ms(math.exp(logarithm) / 1e6)


_WORDS = {
    versions.FAILED: Words("Failed calls", formats.percent, _points, is_bad=True),
    versions.DISLIKED: Words("Thumbs down, of all thumbs", formats.percent, _points, is_bad=True),
    versions.RESPONSES: Words("Thumbs per call", formats.percent, _points),
    versions.FOUND: Words("Calls with any finding", formats.percent, _points, is_bad=True),
    versions.REFUSED: Words("Refusals", formats.percent, _points, is_bad=True),
    versions.TIME: Words("Typical time to answer", _typical, _percent_longer, is_bad=True),
    versions.FIRST_WORDS: Words("Typical time to first words", _typical, _percent_longer, is_bad=True),
    versions.COST: Words("Cost of a call", formats.usd, _usd, is_bad=True),
    versions.TOKENS: Words("Tokens of an answer", formats.count, _plain),
}


@requires(Action.READ_TRACES)
def version_traffic(request: ProjectRequest) -> HttpResponse:
    """Show two versions side by side; without a choice, the two newest that were called."""
    start, end = dashboards_chart.time_of(request)
    prompts = [row.prompt_name for row in usage.by_prompt(project=request.project, start=start, end=end)]
    prompt = request.GET.get("prompt", "").replace("\x00", "")[:255] or (prompts[0] if prompts else "")
    known = versions.versions_of(project=request.project, prompt_name=prompt, start=start, end=end) if prompt else []
    first, second = _chosen(request, known)
    context = {
        "page_title": "Two versions", "prompts": prompts if prompt in prompts or not prompt else [prompt, *prompts], "prompt": prompt,
        "known": known, "first": first, "second": second, "query": traces_links.query_of(traces_links.kept(request)),
        "fewest": FEWEST_UNITS, **(_compared(request, prompt, first, second) if first and second and first != second else {}),
    }  # fmt: skip
    return render_page(request, "dashboards/versions.html", context, section="explore", has_time_range=True)


def _chosen(request: ProjectRequest, known: Sequence[Usage]) -> tuple[int, int]:
    numbers = [row.prompt_version for row in known]
    newest, before = (*numbers, 0, 0)[:2]
    return number_in(request.GET, "first") or before, number_in(request.GET, "second") or newest


def _compared(request: ProjectRequest, prompt: str, first: int, second: int) -> dict[str, Any]:
    start, end = dashboards_chart.time_of(request)
    environment = request.GET.get("environment", "").replace("\x00", "")[:255]
    try:
        found = versions.compare(
            project=request.project, prompt_name=prompt, first=first, second=second, start=start, end=end, environment=environment
        )  # fmt: skip
    except TookTooLong:
        return {"problem": dashboards_chart.TOO_LONG}
    if not any(found.calls):
        return {"problem": dashboards_chart.NOTHING_READ}
    return {"compared": found, "lines": _lines(found), "sides": _sides(request, prompt, (first, second), found)}


def _sides(request: ProjectRequest, prompt: str, numbers: tuple[int, int], found: Comparison) -> list[dict[str, Any]]:
    """Return how many calls and people each version has, and where its calls are."""
    return [
        {
            "number": number, "calls": calls, "units": units,
            "url": traces_links.explore_url(
                request, request.project, q=language.printed([term("prompt_version", f"{prompt} v{number}")]), view="all"
            ),
        }
        for number, calls, units in zip(numbers, found.calls, found.units, strict=True)
    ]  # fmt: skip


def _lines(found: Comparison) -> list[Line]:
    lines = [
        _line(words, found.differences[name]) for name, words in _WORDS.items() if _is_told(found.differences[name])
    ]
    of_scores = [
        _line(Words(f"Score «{name}»", lambda value: f"{value:.3g}", _plain), one) for name, one in found.scores.items()
    ]
    return lines + of_scores


def _is_told(one: Difference) -> bool:
    return bool(one.first.count or one.second.count)


def _line(words: Words, one: Difference) -> Line:
    first, second = (
        formats.NOTHING if side.mean is None else words.value(side.mean) for side in (one.first, one.second)
    )
    out_of = f"{formats.full_count(one.first.count)} and {formats.full_count(one.second.count)}"
    if one.estimate is None:
        verdict = f"Not enough data (need {formats.full_count(one.missing_units)} more people)"
        return Line(words.label, first, second, out_of, formats.NOTHING, verdict, "", SafeString(""))
    told = f"{words.change(one.estimate)} ({words.change(one.low)} to {words.change(one.high)})"
    reach = max(abs(one.low), abs(one.high)) * 1.15 or 1.0
    picture = charts.interval(
        estimate=one.estimate, low=one.low, high=one.high, reach=reach, label=f"{words.label}: {told}"
    )
    return Line(words.label, first, second, out_of, told, *_verdict(words, one), picture)


def _verdict(words: Words, one: Difference) -> tuple[str, str]:
    if not one.is_sure:
        return "No difference seen", ""
    is_more = (one.estimate or 0) > 0
    if words.is_bad is None:
        return ("Higher" if is_more else "Lower"), ""
    return ("Worse", "bad") if is_more == words.is_bad else ("Better", "good")


urlpatterns: list[URLPattern] = [path("dashboards/versions/", version_traffic, name="version-traffic")]
