"""Who answers: how many calls get a thumb, over time and by kind of call, and what the silence of the others leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring import usage
from monitoring.feedback import bounds, responses
from monitoring.feedback.bounds import Bounds, Kind
from monitoring.feedback.responses import MOST_READ, Responses, Row
from monitoring.trace_volume import TookTooLong
from monitoring.usage import Usage
from projects.roles import Action
from webapp import charts, formats, time_ranges
from webapp.access import ProjectRequest, requires
from webapp.charts import TimeSeriesChart, Unit
from webapp.pages import traces_links
from webapp.render import render_page
from webapp.time_ranges import TimeRange

# How much silence may depend on the opinion, as odds.
ODDS = ((2.0, "a little"), (3.0, "somewhat"), (5.0, "a lot"))
_USUAL = bounds.USUAL_ODDS
# Below so many answers everything is open.
FEWEST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Reach:
    """One way to read the answers: the lowest and highest share of pleased people, in words and as places in percent."""

    title: str
    text: str
    words: str
    low: str
    high: str


@requires(Action.READ_TRACES)
def who_answers(request: ProjectRequest) -> HttpResponse:
    """Show who gives thumbs and what that lets one conclude."""
    now = timezone.now()
    time_range = time_ranges.from_request(request, now=now)
    names = {name: request.GET.get(name, "").replace("\x00", "")[:255] for name in ("environment", "prompt")}
    prompts, _ = usage.seen_names(project=request.project, since=time_range.end - time_range.start, now=time_range.end)
    odds = next((factor for factor, _ in ODDS if request.GET.get("odds") == f"{factor:g}"), _USUAL)
    context: dict[str, Any] = {
        "page_title": "Who answers", "tabs": traces_links.tabs(request, "feedback"), "prompts": sorted({*prompts, names["prompt"]} - {""}),
        "prompt": names["prompt"], "odds": odds, "all_odds": ODDS, "most_read": MOST_READ,
        "crumbs": [{"label": "Feedback", "url": reverse("feedback", args=[request.project.slug])}],
        **_read(request, time_range, names, odds),
    }  # fmt: skip
    return render_page(request, "feedback/responses.html", context, section="explore", has_time_range=True)


def _read(request: ProjectRequest, time_range: TimeRange, names: dict[str, str], odds: float) -> dict[str, Any]:
    try:
        found = responses.of(project=request.project, start=time_range.start, end=time_range.end, **names)
    except TookTooLong:
        return {"took_too_long": True}
    if not found.total.calls:
        return {"found": found}
    points = usage.series(
        project=request.project, start=time_range.start, end=time_range.end, environment=names["environment"],
        prompt_name=names["prompt"],
    )  # fmt: skip
    return {
        "found": found, "chart_svg": _chart(points), "numbers": _numbers(points), "uneven": uneven_says(found),
        "evened": evened_says(found), "is_enough": found.total.answered >= FEWEST_ANSWERS, "fewest": FEWEST_ANSWERS,
        "reaches": reaches(found.kinds, odds), "example": _example(found.total, odds),
    }  # fmt: skip


def _chart(points: Sequence[Usage]) -> Any:
    chart = TimeSeriesChart(
        title="Thumbs for each call", unit=Unit.SHARE, series=["Thumbs for each call"],
        points=[(point.at, (point.responses.share,)) for point in points if point.at],
    )  # fmt: skip
    return "" if chart.is_empty else charts.svg(chart)


def _numbers(points: Sequence[Usage]) -> charts.Numbers:
    rows = [
        (
            f"{timezone.localtime(point.at):%-d %b %H:%M}", formats.full_count(point.call_count),
            formats.full_count(point.responses.count), formats.percent(point.responses.share),
        )
        for point in points if point.at
    ]  # fmt: skip
    return charts.Numbers(("Time", "Calls", "Thumbs", "Share"), rows)


def uneven_says(found: Responses) -> str:
    """Return which kinds of calls are answered most and least; that no difference can be told is an answer too."""
    pair = found.uneven()
    if pair is None:
        return "No kind of call was found to be answered more often than another, as far as the numbers tell."
    most, least = pair
    return (
        f"People answer most often about «{most.label}» ({_share(most)}) and least about «{least.label}» ({_share(least)}). "
        "All thumbs taken together lean towards the former."
    )


def _share(row: Row) -> str:
    return f"{formats.percent(row.responses.share)} of {formats.full_count(row.kind.calls)} calls"


def evened_says(found: Responses) -> str:
    """Return how the share of pleased people changes when each kind of call weighs as much as it happens."""
    raw, even = bounds.among_answered(found.kinds), bounds.evened_out(found.kinds)
    if raw is None or even is None:
        return ""
    said = f"{formats.percent(raw)} of those who answered were pleased."
    if abs(raw - even) < 0.01:
        return f"{said} Weighing each kind of call as often as it happens changes that by less than one point."
    return f"{said} With each kind of call weighed as often as it happens, it would be about {formats.percent(even)}."


def reaches(kinds: Sequence[Kind], odds: float) -> list[Reach]:
    """Return what can be said about all calls, from no assumption to the usual one."""
    worst, plausible = bounds.worst_case(kinds), bounds.plausible(kinds, odds=odds)
    found = []
    if worst:
        text = "If every silent person was displeased, or every one of them pleased. Nothing is assumed, so it always holds."
        found.append(_reach("Whatever the silent think", text, worst))
    if plausible:
        text = (
            f"If, about the same kind of call, the odds that a silent person was pleased are at most {odds:g} times higher or "
            "lower than of those who answered."
        )
        found.append(_reach("If the silent differ within reason", text, plausible))
    return found


def _reach(title: str, text: str, found: Bounds) -> Reach:
    words = f"{formats.percent(found.low)} to {formats.percent(found.high)}"
    return Reach(title, text, words, f"{100 * found.low:.2f}", f"{100 * found.high:.2f}")


def _example(total: Kind, odds: float) -> str:
    """Return in people what the factor means."""
    if not total.answered:
        return ""
    share = total.up / total.answered
    low, high = (round(100 * bounds.tilted(share, factor)) for factor in (1 / odds, odds))
    return (
        f"Of 100 people who answered, {round(100 * share)} were pleased. This lets the number among 100 silent people "
        f"lie between {low} and {high}."
    )


urlpatterns: list[URLPattern] = [path("feedback/who-answers/", who_answers, name="feedback-responses")]
