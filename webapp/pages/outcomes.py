"""What became of people after they saw an answer: outcomes by version of a prompt and by arm of its rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring import usage
from monitoring.kinds import Arm
from monitoring.outcomes import rates, sides
from monitoring.outcomes.rates import FEWEST_FOR_AVERAGE, Estimate
from monitoring.outcomes.sides import Asked, Named, Side
from monitoring.trace_volume import TookTooLong
from projects.roles import Action
from prompt_registry.rollouts.models import Rollout
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages import traces_links
from webapp.render import render_page

# For how many days each person is followed, and in how many days their first call may lie.
FOLLOWED, PERIODS = (1, 7, 30), (7, 30, 90)
_USUAL_FOLLOWED, _USUAL_PERIOD = 7, 30
MOST_ROLLOUTS, MOST_VERSIONS = 3, 20
FEW_PEOPLE = 30
EXAMPLE = 'callboard.outcome("order", user="customer-4711", value=49.90)'


@dataclass(frozen=True, slots=True)
class Line:
    """One version or arm as the page shows it; places are in percent of the widest interval."""

    label: str
    side: Side
    value: str
    between: str
    known: str
    at: str
    low: str
    high: str
    is_few: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A rollout with its arms, and in a sentence how they differ."""

    label: str
    url: str
    lines: Sequence[Line]
    says: str


@requires(Action.READ_TRACES)
def outcomes(request: ProjectRequest) -> HttpResponse:
    """Show one outcome by version and by arm."""
    now = timezone.now()
    days, follow = _days(request, "days", PERIODS, _USUAL_PERIOD), _days(request, "follow", FOLLOWED, _USUAL_FOLLOWED)
    since = now - timedelta(days=days)
    names = sides.names(project=request.project, since=since)
    prompts, _ = usage.seen_names(project=request.project, since=timedelta(days=max(PERIODS)), now=now)
    named = _chosen(request, "name", [one.name for one in names])
    prompt = _chosen(request, "prompt", prompts)
    context: dict[str, Any] = {
        "page_title": "Outcomes", "tabs": traces_links.tabs(request, "outcomes"), "names": names, "prompts": prompts,
        "name": named, "prompt": prompt, "days": days, "follow": follow, "periods": PERIODS, "followed": FOLLOWED,
        "is_any": bool(names) or sides.is_any(request.project), "few": FEW_PEOPLE, "fewest_for_average": FEWEST_FOR_AVERAGE,
        "example": EXAMPLE,
    }  # fmt: skip
    if named and prompt:
        about = next(one for one in names if one.name == named)
        asked = Asked(
            request.project, named, prompt, since, now, timedelta(days=follow), request.GET.get("environment", "").replace("\x00", "")[:255]
        )  # fmt: skip
        context |= {"about": about, "half_within": _delay(about), **_counted(request, asked, about, now)}
    return render_page(request, "outcomes/outcomes.html", context, section="explore")


def _days(request: ProjectRequest, name: str, allowed: Sequence[int], usual: int) -> int:
    sent = request.GET.get(name, "")
    return int(sent) if sent in map(str, allowed) else usual


def _chosen(request: ProjectRequest, name: str, known: Sequence[str]) -> str:
    sent = request.GET.get(name, "")
    return sent if sent in known else (known[0] if known else "")


def _delay(about: Named) -> str:
    seconds = about.half_within.total_seconds()
    return formats.duration_seconds(seconds) if seconds >= 60 else ""


def _counted(request: ProjectRequest, asked: Asked, about: Named, now: datetime) -> dict[str, Any]:
    try:
        versions = sides.by_version(asked, now=now)[::-1]
        trials = [_trial(request, asked, rollout, about, now) for rollout in _rollouts(request, asked)]
        unmatched = sides.unmatched_count(project=request.project, name=asked.name, since=asked.since)
    except TookTooLong:
        return {"took_too_long": True}
    labels = [f"Version {one.side}" for one in versions]
    return {
        "versions": _lines(versions[:MOST_VERSIONS], labels, about), "trials": [trial for trial in trials if trial.lines],
        "unmatched": unmatched, "unmatched_text": _unmatched_says(unmatched), "movers": sum(one.movers for one in versions),
    }  # fmt: skip


def _unmatched_says(count: int) -> str:
    number, verb = formats.full_count(count), "has" if count == 1 else "have"
    return (
        f"Of the newest outcomes, {number} {verb} an id that no call carries as its user, session or trace. "
        "Send the very id that your calls carry."
    )


def _rollouts(request: ProjectRequest, asked: Asked) -> list[Rollout]:
    rows = Rollout.objects.filter(project=request.project, prompt__name=asked.prompt).exclude(ended_at__lt=asked.since)
    return list(rows.select_related("control", "candidate").order_by("-started_at")[:MOST_ROLLOUTS])


def _trial(request: ProjectRequest, asked: Asked, rollout: Rollout, about: Named, now: datetime) -> Trial:
    found = sides.by_arm(asked, rollout_id=rollout.pk, now=now)
    names = {
        Arm.CONTROL: f"Version {rollout.control.number}, as before",
        Arm.CANDIDATE: f"Version {rollout.candidate.number}, the new one",
    }
    lines = _lines(found, [names[Arm(one.side)] for one in found], about)
    label = f"Version {rollout.control.number} to version {rollout.candidate.number}"
    url = reverse("rollout", args=[request.project.slug, rollout.pk])
    return Trial(label, url, lines, difference_says(found, about))


def difference_says(found: Sequence[Side], about: Named) -> str:
    """Return how the new version differs from the one before, in a sentence that never says more than the interval."""
    by_arm = {one.side: _estimate(one, about) for one in found}
    before, new = by_arm.get(Arm.CONTROL), by_arm.get(Arm.CANDIDATE)
    if before is None or new is None:
        return "There are not enough people on both sides yet to compare them."
    gap = rates.difference(new, before)
    low, high, unit = (gap.low, gap.high, "") if about.is_number else (gap.low * 100, gap.high * 100, " points")
    reach = f"95 % sure: between {_signed(low)} and {_signed(high)}{unit}"
    if gap.low <= 0 <= gap.high:
        return f"No difference can be told yet ({reach})."
    word = "higher" if gap.value > 0 else "lower"
    return f"It is {word} with the new version ({reach})."


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{abs(value):.3g}"


def _estimate(side: Side, about: Named) -> Estimate | None:
    return side.average if about.is_number else side.yes_share


def _lines(found: Sequence[Side], labels: Sequence[str], about: Named) -> list[Line]:
    estimates = [_estimate(one, about) for one in found]
    known = [one for one in estimates if one]
    floor = min((one.low for one in known), default=0.0) if about.is_number else 0.0
    reach = (max((one.high for one in known), default=1.0) - floor) or 1.0
    return [
        _line(label, side, estimate, about, floor, reach)
        for label, side, estimate in zip(labels, found, estimates, strict=True)
    ]


def _line(label: str, side: Side, estimate: Estimate | None, about: Named, floor: float, reach: float) -> Line:
    text = (lambda value: f"{value:.4g}") if about.is_number else formats.percent
    known = side.known_share
    value = between = at = low = high = ""
    if estimate:
        value, between = text(estimate.value), f"{text(estimate.low)} to {text(estimate.high)}"
        at, low = (f"{100 * (one - floor) / reach:.2f}" for one in (estimate.value, estimate.low))
        high = f"{100 * (estimate.high - floor) / reach:.2f}"
    return Line(
        label, side, value, between, formats.percent(known.value) if known else "", at, low, high, side.people < FEW_PEOPLE
    )  # fmt: skip


urlpatterns: list[URLPattern] = [path("outcomes/", outcomes, name="outcomes")]
