"""The report of a week in plain words: the same sentences on the page, in the mail and in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.alerts.words import money
from monitoring.issues import news
from monitoring.issues.fix_models import FixState, IssueFix
from monitoring.issues.models import IssueState
from monitoring.weekly import counting
from monitoring.weekly.comparing import FEWEST_UNITS, Verdict
from monitoring.weekly.figures import Figures, Measured, OpenIssue, Spent
from monitoring.weekly.reports import Report
from monitoring.weekly.weeks import Week
from projects.models import Project
from prompt_registry.models import LabelMove, Rollout
from prompt_registry.rollouts.models import RolloutState

GOOD, BAD = "good", "bad"
MEASURES = {
    counting.DISLIKED: "thumbs down", counting.REFUSED: "refusals", counting.UNSUPPORTED: "claims that nothing supports",
    counting.FAILED: "failed calls", counting.SLOW: "slow answers", counting.COST: "price of 1,000 calls",
}  # fmt: skip
_SENTENCES = {
    counting.DISLIKED: ("Users like the answers better", "Users like the answers less", "of the ratings are thumbs down"),
    counting.REFUSED: ("Fewer refusals", "More refusals", "of the answers refuse or dodge"),
    counting.UNSUPPORTED: ("Fewer claims without support", "More claims without support", "of the answers say what nothing supports"),
    counting.FAILED: ("Fewer failed calls", "More failed calls", "of the calls failed"),
    counting.SLOW: ("Faster answers", "Slower answers", "of the answers took longer than {slow}"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: good or bad news or neither, what it rests on, and the page that it is about."""

    text: str
    tone: str = ""
    detail: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report; without lines it says so in a sentence."""

    title: str
    lines: tuple[Line, ...]
    nothing: str


def path(project: Project, week: Week) -> str:
    """Return the page of a report."""
    return f"/p/{project.slug}/reports/{week.monday.isoformat()}/"


def dates(week: Week) -> str:
    """Return a week by its days: «16 to 22 Nov 2026»."""
    one, other = week.monday, week.sunday
    first = (
        f"{one:%-d}" if one.month == other.month else f"{one:%-d %b}" if one.year == other.year else f"{one:%-d %b %Y}"
    )
    return f"{first} to {other:%-d %b %Y}"


def summary(report: Report) -> str:
    """Return the week in one sentence."""
    verdicts = [one.verdict for one in report.figures.measured]
    worse, better = verdicts.count(Verdict.WORSE), verdicts.count(Verdict.BETTER)
    proved = sum(one.state == FixState.VERIFIED for one in report.fixes)
    parts = [f"{_things(worse)} got worse"] if worse else []
    parts += [f"{_things(better)} got better"] if better else []
    parts += [f"{_counted(proved, 'fix', 'fixes')} proved"] if proved else []
    open_count = report.figures.issue_count
    tail = f" {_counted(open_count, 'problem is', 'problems are')} open." if open_count else " No problem is open."
    if not parts:
        return f"{_quiet(report.figures)}{tail}"
    said = " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
    return f"{said[:1].upper()}{said[1:]}.{tail}"


def sections(report: Report) -> list[Section]:
    """Return all parts of the report, in the order in which they matter."""
    changes = [one for one in report.figures.measured if one.verdict in (Verdict.WORSE, Verdict.BETTER)]
    changes.sort(key=lambda one: one.verdict != Verdict.WORSE)
    lines = tuple(_change(one, report.figures) for one in changes)
    return [
        Section("What got better or worse", lines, _quiet(report.figures)),
        Section("Fixes", tuple(_fix(one, report.project) for one in report.fixes), "No fix came to its end this week."),
        Section("Open problems, the most harmful first", tuple(_issues(report)), "No problem is open."),
        Section("Rollouts and published versions", tuple(_moves(report)), "Nothing was published or rolled out."),
        Section("Money", tuple(_money(report.figures)), "No calls, no cost."),
    ]


def unchanged(figures: Figures) -> str:
    """Return what stayed the same as far as anybody can tell, and what cannot be told."""
    same = [MEASURES[one.name] for one in figures.measured if one.verdict == Verdict.SAME]
    unknown = [MEASURES[one.name] for one in figures.measured if one.verdict == Verdict.UNKNOWN]
    parts = [f"No more than the usual ups and downs: {', '.join(same)}."] if same else []
    if unknown:
        parts.append(f"Too few people to tell (fewer than {FEWEST_UNITS} in one of the weeks): {', '.join(unknown)}.")
    return " ".join(parts)


def value(name: str, number: float | None) -> str:
    """Return a value of a measure."""
    if number is None:
        return "–"
    return money(number * 1000) if name == counting.COST else percent(number)


def percent(share: float) -> str:
    """Return a share as a percentage that keeps small values visible."""
    hundredths = share * 100
    if hundredths and hundredths < 0.1:
        return f"{hundredths:.2g}%"
    return f"{hundredths:.1f}".removesuffix(".0") + "%"


def difference(measured: Measured) -> str:
    """Return between which values a difference lies."""
    if not measured.is_known:
        return "not enough people yet"
    low, high = measured.low, measured.high
    if measured.name == counting.COST:
        return f"between {_signed(low, money(abs(low) * 1000))} and {_signed(high, money(abs(high) * 1000))}"
    return f"between {_signed(low, _points(low))} and {_signed(high, _points(high))} points"


def _change(one: Measured, figures: Figures) -> Line:
    is_worse = one.verdict == Verdict.WORSE
    tone, low, high = BAD if is_worse else GOOD, *sorted((abs(one.low), abs(one.high)))
    way = "more" if is_worse else "less"
    rests = f"{one.units:,} people or conversations this week, {one.units_before:,} the week before."
    if one.name == counting.COST:
        lead = "Calls cost more" if is_worse else "Calls cost less"
        prices = [money((number or 0) * 1000) for number in (one.now, one.before)]
        text = f"{lead}: {prices[0]} per 1,000, {prices[1]} the week before, a difference of {money(low * 1000)} to {money(high * 1000)}."
        return Line(text, tone, rests)
    better, worse, of_what = _SENTENCES[one.name]
    of_what = of_what.format(slow=_milliseconds(figures.slow_ms))
    text = (
        f"{worse if is_worse else better}: {percent(one.now or 0)} {of_what}, {percent(one.before or 0)} the week before, "
        f"between {_points(low)} and {_points(high)} points {way}."
    )
    return Line(text, tone, rests)


def _quiet(figures: Figures) -> str:
    if figures.is_empty:
        return "No calls arrived."
    if all(one.verdict == Verdict.UNKNOWN for one in figures.measured):
        return "Too few people to compare this week with the one before."
    return "Nothing changed by more than the usual ups and downs."


def _fix(fix: IssueFix, project: Project) -> Line:
    found: Mapping[str, Any] = fix.verdict or {}
    issue = f"#{fix.issue.number} {fix.issue.title}"
    version = f"{fix.prompt.name} v{found.get('version', '?')}" if fix.prompt else f"v{found.get('version', '?')}"
    page = f"/p/{project.slug}/issues/{fix.issue.number}/"
    rates = f"{percent(found['before'])} to {percent(found['after'])} of people" if "before" in found else ""
    if fix.state == FixState.VERIFIED:
        less = f"between {_points(found['less_low'])} and {_points(found['less_high'])} points less" if rates else ""
        return Line(
            f"Proved gone: {issue}.", GOOD, f"From {rates}, {less}, caused by {version}." if rates else "", page
        )
    return Line(
        f"Not confirmed: {issue}.", BAD, f"From {rates} with {version}." if rates else f"Tried with {version}.", page
    )


def _issues(report: Report) -> Iterable[Line]:
    shown = [(one, report.issues[one.number]) for one in report.figures.issues if one.number in report.issues]
    for one, issue in shown:
        yield Line(f"#{issue.number} {issue.title}", "", _harm(one), news.path(issue))
    more = report.figures.issue_count - len(shown)
    if more > 0 and shown:
        yield Line(f"And {_counted(more, 'other', 'others')}.", path=f"/p/{report.project.slug}/issues/")


def _harm(one: OpenIssue) -> str:
    state = "" if one.state == IssueState.OPEN else f"{IssueState(one.state).label}. "
    met = f"{_counted(one.bad_calls, 'bad call', 'bad calls')}, {_counted(one.people, 'person', 'people')}"
    return f"{state}{met}, about {one.harm:,.0f} a week above what is usual."


def _moves(report: Report) -> Iterable[Line]:
    for rollout in report.ended:
        is_done = rollout.state == RolloutState.COMPLETED
        what = "reached everybody" if is_done else "was rolled back"
        yield Line(
            f"{_rollout(rollout)} {what}.", GOOD if is_done else BAD, rollout.reason, _rollout_path(report, rollout)
        )
    for rollout in report.started:
        yield Line(f"The rollout of {_rollout(rollout)} began.", "", "", _rollout_path(report, rollout))
    for move in report.published:
        yield _published(move, report.project)


def _published(move: LabelMove, project: Project) -> Line:
    who = f" by {move.moved_by.display_name}" if move.moved_by else ""
    what = "brought back" if move.is_undo else "published"
    instead = f", in place of v{move.from_version.number}" if move.from_version else ""
    return Line(
        f"{move.prompt.name} v{move.to_version.number} was {what}{who}{instead}.", "", move.reason,
        f"/p/{project.slug}/prompts/{move.prompt_id}/",
    )  # fmt: skip


def _rollout(rollout: Rollout) -> str:
    return f"{rollout.prompt.name} v{rollout.candidate.number}"


def _rollout_path(report: Report, rollout: Rollout) -> str:
    return f"/p/{report.project.slug}/rollouts/{rollout.pk}/"


def _money(figures: Figures) -> Iterable[Line]:
    if figures.is_empty:
        return
    yield Line(
        f"Calls: {_cost(figures.spent)}",
        "",
        f"{_counted(figures.spent.calls, 'call', 'calls')}, {figures.spent.calls_before:,} the week before.",
    )
    for one in figures.prompts:
        yield Line(f"{one.name}: {_cost(one)}")
    if figures.own_usd:
        yield Line(f"Tests, checks and second opinions in Callboard: {money(figures.own_usd)}.")


def _cost(spent: Spent) -> str:
    if spent.usd is None:
        return "price unknown."
    before = (
        f"{money(spent.usd_before)} the week before"
        if spent.usd_before is not None
        else "price unknown the week before"
    )
    return f"{money(spent.usd)}, {before}."


def _points(share: float) -> str:
    return f"{abs(share) * 100:.2g}" if abs(share) < 0.01 else f"{abs(share) * 100:.1f}"


def _signed(number: float, words: str) -> str:
    return f"−{words}" if number < 0 else f"+{words}" if number > 0 else words


def _milliseconds(duration: float | None) -> str:
    value = duration or 0.0
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.3g} s"


def _things(count: int) -> str:
    return _counted(count, "thing", "things")


def _counted(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
